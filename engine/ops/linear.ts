import { factor } from '../autocast.ts';
import type { Operand } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { type CaseInput, defineOp } from '../op.ts';
import { ndarray } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { to } from './contiguous.ts';
import { FACTORS } from './halves.ts';
import { matmul } from './matmul.ts';
import { matmulOnWebGPU, mixedMatmulOnWasm, type Product } from './matmulKernel.ts';
import { sum } from './reduce.ts';
import { reshape, transpose } from './views.ts';

/** [.., n] without gaps as [rows, n]. */
function flatRows(shape: Shape): { shape: number[]; strides: number[] } {
  const width = shape.at(-1) ?? 1;
  return { shape: [sizeOf(shape.slice(0, -1)), width], strides: [Math.max(1, width), 1] };
}

const asRows = (x: Tensor): Tensor => (x.ndim === 2 ? x : reshape(x, flatRows(x.shape).shape));

/** x·Wᵀ is a matrix product with the strides of W exchanged. */
function asProduct({
  x,
  weight,
  bias,
  output,
}: {
  x: Operand;
  weight: Operand;
  bias?: Operand | undefined;
  output: Operand;
}): Product {
  const swap = ([a = 0, b = 0]: readonly number[]): number[] => [b, a];
  const rows = (t: Operand): Operand => ({ ...t, ...flatRows(t.shape) });
  return {
    a: rows(x),
    b: { ...weight, shape: swap(weight.shape), strides: swap(weight.strides) },
    bias,
    output: rows(output),
  };
}

const halves = (...shape: number[]): CaseInput => ({ shape, dtype: 'float16' });

const op = defineOp({
  name: 'linear',
  formula: 'y = x · Wᵀ + b',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  dtypes: { x: FACTORS, weight: FACTORS },
  attrs: {},
  strided: ['weight'],
  dtype: 'float32',
  shape: ({ x, weight, bias }) => {
    const [out, width] = weight.shape;
    const fits = x.shape.length > 0 && weight.shape.length === 2 && x.shape.at(-1) === width;
    if (!fits || (bias && !(bias.shape.length === 1 && bias.shape[0] === out))) {
      throw new ShapeError(
        `linear: x ${show(x.shape)}, weight ${show(weight.shape)}${bias ? `, bias ${show(bias.shape)}` : ''}. ` +
          'Expected x [.., in], weight [out, in], bias [out].',
      );
    }
    return [...x.shape.slice(0, -1), out!];
  },
  webgpu: (operands, _attrs, tools) => matmulOnWebGPU(asProduct(operands), tools),
  wasm: (operands, _attrs, tools) => mixedMatmulOnWasm(asProduct(operands), tools),
  saves: ['x', 'weight'],
  grad: (dy, { x, weight }, { needs }) => {
    const rows = asRows(dy);
    const operand = to(rows, x.dtype === weight.dtype ? x.dtype : 'float32');
    return {
      x: needs.x ? reshape(matmul(operand, weight), x.shape) : null,
      weight: needs.weight ? matmul(transpose(operand), asRows(x)) : null,
      bias: needs.bias ? sum(rows, 0) : null,
    };
  },
  reference: ({ x, weight, bias }) => {
    const [rows = 0, width = 0] = flatRows(x.shape).shape;
    const out = weight.shape[0]!;
    const y = ndarray([...x.shape.slice(0, -1), out]);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < out; j++) {
        let total = bias?.data[j] ?? 0;
        for (let k = 0; k < width; k++) total += x.data[i * width + k]! * weight.data[j * width + k]!;
        y.data[i * out + j] = total;
      }
    }
    return y;
  },
  cases: [
    { inputs: { x: [3, 5], weight: [4, 5], bias: [4] } },
    { inputs: { x: [3, 5], weight: [4, 5] } },
    { inputs: { x: [1, 7], weight: [33, 7], bias: [33] } },
    { inputs: { x: [2, 3, 5], weight: [4, 5], bias: [4] } },
    { inputs: { x: [5], weight: [4, 5], bias: [4] } },
    { inputs: { x: [50, 64], weight: [48, 64], bias: [48] } },
    { inputs: { x: [2, 0], weight: [3, 0], bias: [3] } },
    { inputs: { x: halves(3, 5), weight: halves(4, 5), bias: [4] } },
    { inputs: { x: halves(2, 3, 7), weight: halves(33, 7) } },
    { inputs: { x: halves(50, 64), weight: halves(48, 64), bias: [48] } },
    { inputs: { x: [512, 256], weight: [1024, 256], bias: [1024] }, bench: true, gradient: false },
  ],
});

/**
 * y = x·Wᵀ + b in one kernel: x [.., in], weight [out, in], bias [out] or none → [.., out]. x and
 * weight are float32 or float16, the rest is float32; inside `autocast` both are rounded to float16.
 *
 * @throws {ShapeError} for shapes that do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  using input = factor(x);
  using matrix = factor(weight);
  return op({ x: input, weight: matrix, bias: bias ?? undefined });
}
