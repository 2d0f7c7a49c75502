import { viridis } from '../../view/viridis.ts';
import { type Colours, onBackground, pad, widthOf } from './terminal.ts';

/** A table of numbers between 0 and 1 with a name for each row and column. */
export interface HeatMap {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]` */
  readonly values: readonly (readonly number[])[];
}

export interface HeatMapOptions {
  readonly colours: Colours;
  /** Columns of the terminal; what does not fit side by side goes below. */
  readonly width: number;
  /** Stands above the names of the rows. */
  readonly corner?: string;
}

/** Room for `100` and a space on either side. */
const MIN_CELL = 5;

/** Without colours: from "hardly" to "almost only", in five steps. */
const SHADES: readonly (readonly [below: number, shade: string])[] = [
  [0.05, ' '],
  [0.25, '░'],
  [0.5, '▒'],
  [0.75, '▓'],
  [Number.POSITIVE_INFINITY, '█'],
];

const shade = (value: number): string => SHADES.find(([below]) => value < below)?.[1] ?? ' ';

/** The lines of the map: percent on a coloured background, or blocks of shade where there are no colours. */
export function drawHeatMap(
  { rows, columns, values }: HeatMap,
  { colours, width, corner = '' }: HeatMapOptions,
): string[] {
  const labelWidth = Math.max(widthOf(corner), ...rows.map(widthOf));
  const cells = columns.map((name) => Math.max(MIN_CELL, widthOf(name) + 2));
  const lines: string[] = [];
  for (const block of blocks(cells, width - labelWidth - 2)) {
    if (lines.length > 0) lines.push('');
    const head = block.map((c) => pad(columns[c]!, cells[c]!, 'both')).join('');
    lines.push(`${pad(corner, labelWidth, 'left')}  ${head}`.trimEnd());
    rows.forEach((name, r) => {
      const drawn = block.map((c) => drawCell(values[r]?.[c] ?? 0, cells[c]!, colours)).join('');
      lines.push(`${pad(name, labelWidth, 'left')}  ${drawn}`.trimEnd());
    });
  }
  return lines;
}

function drawCell(value: number, width: number, colours: Colours): string {
  if (colours === 'none') return `${shade(value).repeat(width - 1)} `;
  return onBackground(pad(`${Math.round(100 * value)}`, width, 'both'), viridis(value), colours);
}

/** What the colours or shades mean, on one line. */
export function drawLegend(colours: Colours): string {
  if (colours === 'none') {
    const from = SHADES.slice(1).map(([, s], i) => `${s.repeat(2)} ≥ ${Math.round(100 * SHADES[i]![0])} %`);
    return from.join('   ');
  }
  const steps = 21;
  const scale = Array.from({ length: steps }, (_, i) => onBackground(' ', viridis(i / (steps - 1)), colours)).join('');
  return `0 % ${scale} 100 %`;
}

/** Indices of cells in runs that each fit into `width` columns. */
function blocks(cells: readonly number[], width: number): number[][] {
  const found: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  cells.forEach((cell, index) => {
    if (used + cell > width) {
      found.push([]);
      used = 0;
    }
    found.at(-1)!.push(index);
    used += cell;
  });
  return found;
}
