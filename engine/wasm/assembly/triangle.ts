/**
 * The lower triangle (column − row ≤ diagonal) of matrices [rows, columns], or the upper one (≥); 0 elsewhere. Range:
 * rows of all matrices together.
 */
export function triangle(
  x: usize,
  output: usize,
  rows: i32,
  columns: i32,
  diagonal: i32,
  upper: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  for (let r = begin; r < end; r++) {
    // Columns [from, to) of this row are kept.
    const edge = (r % rows) + diagonal;
    const from = upper ? min(max(edge, 0), columns) : 0;
    const to = upper ? columns : min(max(edge + 1, 0), columns);
    const line = output + ((<usize>r * <usize>columns) << 2);
    memory.fill(line, 0, from << 2);
    memory.copy(line + (from << 2), x + ((<usize>r * <usize>columns + <usize>from) << 2), (to - from) << 2);
    memory.fill(line + (to << 2), 0, (columns - to) << 2);
  }
}
