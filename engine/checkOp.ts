import { type Device, defaultDevice } from './device.ts';
import { type DType, isFloat } from './dtype.ts';
import { GradientError, HeddleError, ShapeError, show } from './errors.ts';
import { fromHalf, toHalf } from './half.ts';
import { scope } from './memory.ts';
import type { CaseInput, Op, OpCase } from './op.ts';
import { permute, reshape, slice } from './ops/views.ts';
import { Stream } from './random.ts';
import { type NDArray, ndarray } from './reference.ts';
import { type Shape, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';

/** One input of a case: values in float64 that its dtype holds exactly, and the dtype to store them with. */
export interface Drawn {
  readonly array: NDArray;
  readonly dtype: DType;
}

export interface CheckOpOptions {
  /** Default: the device in use. */
  readonly devices?: readonly Device[];
}

/**
 * Checks an operation by its own cases, as all operations of heddle are checked, on each device: results against the
 * float64 reference (‖difference‖ ≤ 1e-5·‖want‖ + 1e-6), gradients against central differences of the reference (1e-4 and
 * 1e-5), and both again on inputs that are strided views. Cases for the benchmark are left out.
 *
 * @throws {HeddleError} naming the case, the device and the first number that is off; {GradientError} for a gradient
 */
export async function checkOp(op: Op, { devices = [defaultDevice()] }: CheckOpOptions = {}): Promise<true> {
  const cases = op.cases.filter(({ bench }) => bench !== true);
  if (cases.length === 0) throw new HeddleError(`checkOp: ${op.name} has no cases. Add some to its definition.`);
  for (const testCase of cases) {
    for (const device of devices) {
      await checkCase(op, testCase, device, upload);
      await checkCase(op, testCase, device, uploadAsView);
    }
  }
  return true;
}

/** One case of {@link checkOp} on one device, with inputs that `place` puts there. */
export async function checkCase(
  op: Op,
  testCase: Op['cases'][number],
  device: Device,
  place: typeof upload,
): Promise<void> {
  const views = place === upload ? '' : ' with views';
  const label = `${op.name} on ${device.name}${views}, ${JSON.stringify(testCase.inputs)} ${JSON.stringify(testCase.attrs ?? {})}`;
  const inputs = draw(testCase, 11);
  const attrs = { ...op.attrs, ...testCase.attrs };
  const want = op.reference(arrays(inputs), attrs as never);
  using _ = scope();
  const given = Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, place(device, d)]));
  const learns = Object.entries(inputs).filter(
    ([name, d]) => op.differentiable && d.dtype === 'float32' && !op.constants.includes(name),
  );
  for (const [name] of learns) given[name] = given[name]!.detach().requiresGrad_();
  const got = op.run(given, testCase.attrs);
  if (show(got.shape) !== show(want.shape)) {
    throw new ShapeError(`checkOp: ${label}: the result is ${show(got.shape)}, the reference ${show(want.shape)}.`);
  }
  const values = await got.data();
  const tolerance = got.dtype === 'float32' ? { relative: 1e-5, absolute: 1e-6 } : { relative: 0, absolute: 0 };
  const off = difference(values, want.data, tolerance);
  if (off !== null) throw new HeddleError(`checkOp: ${label}: ${off}.`);

  if (learns.length === 0 || testCase.gradient === false || got.dtype !== 'float32' || got.size === 0) return;
  const stream = new Stream(23);
  const dy = Float64Array.from({ length: want.data.length }, () => Math.fround(stream.normal()));
  got.backward(Tensor.from(device, dy, want.shape, 'float32'));
  for (const [name, { array }] of learns) {
    const { grad } = given[name]!;
    if (grad === null) throw new GradientError(`checkOp: ${label}: ${name} got no gradient.`);
    const g = await grad.data();
    const all = directions(array.data.length);
    const wrong = g.every(Number.isFinite)
      ? difference(
          all.map((d) => dotProduct(g, d)),
          all.map((d) => slope(op, attrs, inputs, name, d, dy)),
          { relative: 1e-4, absolute: 1e-5 },
        )
      : 'it is not finite';
    if (wrong !== null) throw new GradientError(`checkOp: ${label}: gradient of ${name}: ${wrong}.`);
  }
}

/** What is wrong with `got`, or null: ‖got − want‖ ≤ relative·‖want‖ + absolute. A NaN anywhere is wrong. */
function difference(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { relative, absolute }: { readonly relative: number; readonly absolute: number },
): string | null {
  if (got.length !== want.length) return `${got.length} numbers, expected ${want.length}`;
  let [error, norm] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    error += (got[i]! - want[i]!) ** 2;
    norm += want[i]! ** 2;
  }
  const bound = relative * Math.sqrt(norm) + absolute;
  if (Math.sqrt(error) <= bound) return null;
  const each = bound / Math.sqrt(want.length);
  const first = Math.max(
    0,
    Array.from(want).findIndex((w, i) => !(Math.abs(got[i]! - w) <= each)),
  );
  return (
    `‖got − want‖ = ${Math.sqrt(error)}, allowed ${bound}; first off at ${first}: ` +
    `got ${got[first]}, want ${want[first]}`
  );
}

const arrays = (inputs: Record<string, Drawn>): Record<string, NDArray> =>
  Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, d.array]));

const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** d ⟨dy, f(x)⟩ along `direction` of one input, by a central difference of the reference. */
function slope(
  op: Op,
  attrs: object,
  inputs: Record<string, Drawn>,
  name: string,
  direction: ArrayLike<number>,
  dy: Float64Array,
): number {
  const h = 1e-5;
  const shifted = (sign: number): number => {
    const given = arrays(inputs);
    const x = given[name]!;
    given[name] = ndarray(
      x.shape,
      x.data.map((v, i) => v + sign * h * direction[i]!),
    );
    return dotProduct(op.reference(given, attrs as never).data, dy);
  };
  return (shifted(1) - shifted(-1)) / (2 * h);
}

/** Directions to try: each element by itself for small inputs, else random ones. */
function directions(size: number): Float64Array[] {
  if (size <= 40)
    return Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  return Array.from({ length: 6 }, (_, k) => {
    const s = new Stream(77, k);
    return Float64Array.from({ length: size }, () => s.normal() / Math.sqrt(size));
  });
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
    return reshape(slice(pair, 0, 1), []);
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
