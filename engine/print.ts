import type { TensorData } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/** PyTorch's print options: more elements than `THRESHOLD` are shortened to `EDGE` at each end of each dimension. */
const THRESHOLD = 1000;
const EDGE = 3;
const PRECISION = 4;
const LINE_WIDTH = 80;

/**
 * The values as text, laid out as `print` of PyTorch does: four digits, columns aligned, above 1,000 elements only the
 * first and last three of each dimension. `console.log(await x.show())`.
 */
export async function show(x: Tensor): Promise<string> {
  const { shape, dtype } = x;
  const values = await x.data();
  const head = 'tensor(';
  const short = values.length > THRESHOLD;
  const shown = short ? pick(values, shape) : Array.from(values);
  const text = formatter(shown, dtype);
  const width = shown.reduce((most, v) => Math.max(most, text(v).length), 0);
  const item = (v: number): string => text(v).padStart(width);
  const body = values.length === 0 ? '[]' : nested(values, shape, 0, 0, short, item, head.length);
  const notes = [
    ...(values.length === 0 && shape.length !== 1 ? [`shape [${shape.join(', ')}]`] : []),
    ...(short ? [`shape [${shape.join(', ')}]`] : []),
    ...(dtype === 'float32' || dtype === 'bool' ? [] : [`dtype ${dtype}`]),
    ...(x.device.name === 'wasm' ? [] : [`device ${x.device.name}`]),
    ...(x.requiresGrad ? [x.isLeaf ? 'requiresGrad' : `made by ${x.node?.name}`] : []),
  ];
  return `${head}${[body, ...notes].join(', ')})`;
}

/** Places of a dimension that are shown; null stands for those between. */
function places(n: number, short: boolean): (number | null)[] {
  if (!short || n <= 2 * EDGE) return Array.from({ length: n }, (_, i) => i);
  const ends = Array.from({ length: EDGE }, (_, i) => i);
  return [...ends, null, ...ends.map((i) => n - EDGE + i)];
}

/** The elements that are shown of more than fit. */
function pick(values: TensorData, shape: readonly number[], dim = 0, at = 0): number[] {
  if (dim === shape.length) return [values[at]!];
  const stride = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  return places(shape[dim]!, true).flatMap((i) => (i === null ? [] : pick(values, shape, dim + 1, at + i * stride)));
}

function nested(
  values: TensorData,
  shape: readonly number[],
  dim: number,
  at: number,
  short: boolean,
  item: (v: number) => string,
  indent: number,
): string {
  if (dim === shape.length) return item(values[at]!);
  const stride = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const parts = places(shape[dim]!, short).map((i) =>
    i === null ? '...' : nested(values, shape, dim + 1, at + i * stride, short, item, indent + 1),
  );
  const pad = ' '.repeat(indent + 1);
  if (dim < shape.length - 1) return `[${parts.join(`,${'\n'.repeat(shape.length - dim - 1)}${pad}`)}]`;
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    if (line !== '' && indent + line.length + part.length + 2 > LINE_WIDTH) {
      lines.push(`${line},`);
      line = part;
    } else line = line === '' ? part : `${line}, ${part}`;
  }
  return `[${[...lines, line].join(`\n${pad}`)}]`;
}

/** One number the way all of them are written: whole, with four digits, or with an exponent where they differ too much. */
function formatter(values: readonly number[], dtype: Tensor['dtype']): (v: number) => string {
  if (dtype === 'bool') return (v) => (v === 0 ? 'false' : 'true');
  if (dtype === 'int32') return String;
  const special = (v: number): string => (Number.isNaN(v) ? 'nan' : v > 0 ? 'inf' : '-inf');
  const sizes = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  const least = sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const whole = values.every((v) => !Number.isFinite(v) || Number.isInteger(v));
  const exponent = sizes.length > 0 && (most > 1e8 || (!whole && (most / least > 1000 || least < 1e-4)));
  return (v) => {
    if (!Number.isFinite(v)) return special(v);
    if (exponent) return v.toExponential(PRECISION).replace(/e([+-])(\d)$/, 'e$10$2');
    return whole ? `${v}.` : v.toFixed(PRECISION);
  };
}
