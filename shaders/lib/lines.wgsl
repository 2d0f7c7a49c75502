// For kernels that work along the middle of [outer, n, inner]: a workgroup of 256 threads takes COLS lines that follow
// one another, with ROWS threads for each. Consecutive threads read consecutive elements: along the line where inner is
// 1 (ALONG), across lines elsewhere.

const ROWS: u32 = 256u; // @param
const COLS: u32 = 1u; // @param
const ALONG: u32 = 1u; // @param

// Where a thread stands: the number of its line, its row in it, and its own word of workgroup memory; the words of a line
// follow one another, row 0 first.
struct Place {
  line: u32,
  row: u32,
  slot: u32,
}

fn placeOf(group: u32, local: u32) -> Place {
  var row = local % ROWS;
  var col = local / ROWS;
  if (ALONG == 0u) {
    row = local / COLS;
    col = local % COLS;
  }
  return Place(group * COLS + col, row, col * ROWS + row);
}
