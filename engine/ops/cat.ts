import type { BackendName, Launch, Operand, WasmLaunch, WebGPULaunch } from '../backend.ts';
import { copyLaunch } from '../copy.ts';
import { ArgumentError, DTypeError, ShapeError, show } from '../errors.ts';
import { defineComposite, defineOp, type Meta } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { normalizeDim, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { slice, unsqueeze } from './views.ts';

/** x0, x1, … */
const numbered = (tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((t, i) => [`x${i}`, t]));

function checkAlike(op: string, inputs: Readonly<Record<string, Meta>>, dim: number): void {
  const [first, ...rest] = Object.values(inputs);
  const d = normalizeDim(op, dim, first!.shape.length);
  if (first!.shape.length === 0) throw new ShapeError(`${op}: scalars cannot be joined. Use stack().`);
  rest.forEach((t, i) => {
    const alike = t.shape.length === first!.shape.length && t.shape.every((s, e) => e === d || s === first!.shape[e]);
    if (!alike) {
      throw new ShapeError(
        `${op}: tensor 0 is ${show(first!.shape)} and tensor ${i + 1} is ${show(t.shape)}. ` +
          `All sizes must be equal but that of dimension ${d}.`,
      );
    }
    if (t.dtype !== first!.dtype) {
      throw new DTypeError(
        `${op}: tensor 0 is ${first!.dtype} and tensor ${i + 1} is ${t.dtype}. Convert them with to().`,
      );
    }
  });
}

/** One copy for each input into its part of the output. */
function copies<L extends Launch>(
  backend: BackendName,
  { output, ...inputs }: Readonly<Record<string, Operand>>,
  dim: number,
): L[] {
  const d = normalizeDim('cat', dim, output!.shape.length);
  let offset = output!.offset;
  return Object.values(inputs).flatMap((x) => {
    const part = { ...output!, shape: x.shape, offset };
    offset += x.shape[d]! * output!.strides[d]!;
    return copyLaunch[backend](x, part) as L[];
  });
}

/** The reference: `blocks[i]` is a run of words of input i for each place before `dim`. */
function joined(xs: readonly NDArray[], dim: number): NDArray {
  const first = xs[0]!.shape;
  const d = normalizeDim('cat', dim, first.length);
  const outer = sizeOf(first.slice(0, d));
  const shape = first.map((s, e) => (e === d ? xs.reduce((n, x) => n + x.shape[d]!, 0) : s));
  const data: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const x of xs) {
      const run = x.data.length / outer;
      data.push(...x.data.subarray(o * run, (o + 1) * run));
    }
  }
  return ndarray(shape, data);
}

const catOp = defineOp({
  name: 'cat',
  formula: 'the tensors one after another along one dimension',
  inputs: ['x'] as readonly string[],
  variadic: true,
  dtypes: { x: ['float32', 'int32', 'bool'] },
  strided: ['x'],
  attrs: { dim: 0 },
  shape: (inputs, { dim }) => {
    checkAlike('cat', inputs, dim);
    const shapes = Object.values(inputs).map((t) => t.shape);
    const d = normalizeDim('cat', dim, shapes[0]!.length);
    return shapes[0]!.map((s, e) => (e === d ? shapes.reduce((n, t) => n + t[d]!, 0) : s));
  },
  webgpu: (operands, { dim }) => copies<WebGPULaunch>('webgpu', operands as Record<string, Operand>, dim),
  wasm: (operands, { dim }) => copies<WasmLaunch>('wasm', operands as Record<string, Operand>, dim),
  grad: (dy, _saved, { attrs: { dim }, shapes, needs }) => {
    const d = normalizeDim('cat', dim, dy.ndim);
    let start = 0;
    const grads: Record<string, Tensor> = {};
    for (const [name, shape] of Object.entries(shapes)) {
      const end = start + shape[d]!;
      if (needs[name]) grads[name] = slice(dy, d, start, end);
      start = end;
    }
    return grads;
  },
  reference: (inputs, { dim }) => joined(Object.values(inputs), dim),
  cases: [
    { inputs: { x0: [3, 2, 5], x1: [3, 5, 5], x2: [3, 1, 5] }, attrs: { dim: 1 } },
    { inputs: { x0: [2, 3], x1: [4, 3] } },
    { inputs: { x0: [3, 2], x1: [3, 0], x2: [3, 1] }, attrs: { dim: -1 } },
    { inputs: { x0: [4] } },
    {
      inputs: {
        x0: { shape: [2, 2], dtype: 'int32', values: 'integer', high: 5 },
        x1: { shape: [2, 1], dtype: 'int32', values: 'integer', high: 5 },
      },
      attrs: { dim: 1 },
    },
    { inputs: { x0: [8, 128, 512], x1: [8, 128, 512] }, attrs: { dim: 1 }, bench: true, gradient: false },
  ],
});

const stackOp = defineComposite({
  name: 'stack',
  formula: 'the tensors one after another along a new dimension',
  inputs: ['x'] as readonly string[],
  variadic: true,
  dtypes: { x: ['float32', 'int32', 'bool'] },
  attrs: { dim: 0 },
  compute: (inputs, { dim }) => {
    const tensors = Object.values(inputs);
    const [first] = tensors;
    tensors.forEach((t, i) => {
      if (sameShape(t.shape, first!.shape)) return;
      throw new ShapeError(
        `stack: tensor 0 is ${show(first!.shape)} and tensor ${i} is ${show(t.shape)}. They must be alike.`,
      );
    });
    const d = normalizeDim('stack', dim, first!.ndim + 1);
    return cat(
      tensors.map((t) => unsqueeze(t, d)),
      d,
    );
  },
  reference: (inputs, { dim }) => {
    const xs = Object.values(inputs);
    const { shape } = xs[0]!;
    const d = normalizeDim('stack', dim, shape.length + 1);
    return joined(
      xs.map((x) => ({ shape: [...shape.slice(0, d), 1, ...shape.slice(d)], data: x.data })),
      d,
    );
  },
  cases: [
    { inputs: { x0: [3, 4], x1: [3, 4] } },
    { inputs: { x0: [2, 3], x1: [2, 3], x2: [2, 3] }, attrs: { dim: -1 } },
    { inputs: { x0: [], x1: [] } },
    { inputs: { x0: [0, 2], x1: [0, 2] }, attrs: { dim: 1 } },
  ],
});

const some = (op: string, tensors: readonly Tensor[]): Record<string, Tensor> => {
  if (tensors.length === 0) throw new ArgumentError(`${op}: no tensors were given. Pass at least one.`);
  return numbered(tensors);
};

/**
 * The tensors one after another along `dim`, copied into a new one. Shapes must be equal but along `dim`, dtypes too.
 * Throws a ShapeError or DTypeError that names the tensor that differs.
 */
export const cat = (tensors: readonly Tensor[], dim = 0): Tensor => catOp(some('cat', tensors), { dim });

/** Tensors of equal shape one after another along a new dimension: n tensors [a, b] become [n, a, b] with dim 0. */
export const stack = (tensors: readonly Tensor[], dim = 0): Tensor => stackOp(some('stack', tensors), { dim });
