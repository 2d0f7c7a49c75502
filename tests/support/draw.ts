import { isFloat } from '../../engine/dtype.ts';
import { fromHalf, toHalf } from '../../engine/half.ts';
import { type Device, type DType, type OpCase, permute, type Shape, slice, Tensor } from '../../engine/index.ts';
import type { CaseInput } from '../../engine/op.ts';
import { Stream } from '../../engine/random.ts';
import { type NDArray, ndarray } from '../../engine/reference.ts';
import { sizeOf } from '../../engine/shape.ts';

/** One input of a case: values in float64 that its dtype holds exactly, and the dtype to store them with. */
export interface Drawn {
  readonly array: NDArray;
  readonly dtype: DType;
}

const EXACT: Readonly<Record<DType, (x: number) => number>> = {
  float32: Math.fround,
  float16: (x) => fromHalf(toHalf(x)),
  int32: Math.round,
  bool: Math.round,
};

const normalize = (input: Shape | CaseInput): CaseInput =>
  Array.isArray(input) ? { shape: input } : (input as CaseInput);

/** The inputs of a case as its description asks for them, the same every time. */
export function draw(testCase: OpCase<string, string, object>, seed: number): Record<string, Drawn> {
  const drawn: Record<string, Drawn> = {};
  let stream = 0;
  for (const [name, input] of Object.entries(testCase.inputs as Record<string, Shape | CaseInput | undefined>)) {
    if (input === undefined) continue;
    const { shape, dtype = 'float32', values, high = 2, scale = 1 } = normalize(input);
    const s = new Stream(seed, stream++);
    const kind = values ?? (isFloat(dtype) ? 'normal' : 'integer');
    const n = sizeOf(shape);
    const next: Record<string, () => number> = {
      normal: () => s.normal() * scale,
      positive: () => s.uniform() * 2 + 0.1,
      integer: () => s.integer(high),
    };
    let data: number[];
    if (typeof kind !== 'string') data = [...kind];
    else if (kind === 'distinct') data = s.shuffle(Array.from({ length: n }, (_, i) => (i - n / 2) * 0.37 * scale));
    else data = Array.from({ length: n }, next[kind]!);
    drawn[name] = { array: ndarray(shape, data.map(EXACT[dtype])), dtype };
  }
  return drawn;
}

export const upload = (device: Device, { array, dtype }: Drawn): Tensor =>
  Tensor.from(device, array.data, array.shape, dtype);

/**
 * The same values as a view that is neither contiguous nor at the start of its buffer: the dimensions lie in reverse
 * order, every second element is used, and the first one of each row is skipped.
 */
export function uploadAsView(device: Device, { array, dtype }: Drawn): Tensor {
  const { shape, data } = array;
  const rank = shape.length;
  if (rank === 0) {
    const pair = Tensor.from(device, [0, data[0]!], [2], dtype);
    return slice(pair, 0, 1).reshape([]);
  }
  const reversed = [...shape].reverse();
  const padded = reversed.map((s, d) => (d === rank - 1 ? 2 * s + 1 : s));
  const values = new Float64Array(sizeOf(padded)).fill(dtype === 'float32' ? 1e30 : dtype === 'float16' ? 6e4 : 1);
  // Element (i0, …, ik) lies at (ik, …, 1 + 2·i0) of the padded array.
  const strides = padded.map((_, d) => padded.slice(d + 1).reduce((a, b) => a * b, 1));
  data.forEach((v, flat) => {
    let rest = flat;
    let at = 1;
    for (let d = rank - 1; d >= 0; d--) {
      const i = rest % shape[d]!;
      rest = Math.floor(rest / shape[d]!);
      at += strides[rank - 1 - d]! * i * (d === 0 ? 2 : 1);
    }
    values[at] = v;
  });
  const base = Tensor.from(device, values, padded, dtype);
  const rows = slice(base, rank - 1, 1, null, 2);
  return permute(
    rows,
    reversed.map((_, d) => rank - 1 - d),
  );
}
