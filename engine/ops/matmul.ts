import { DTypeError, given, ShapeError, show } from '../errors.ts';
import { type CaseInput, defineOp } from '../op.ts';
import { sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { to } from './contiguous.ts';
import { FACTORS } from './halves.ts';
import { matmulOnWebGPU, mixedMatmulOnWasm } from './matmulKernel.ts';
import { productReference, productShape } from './product.ts';
import { sumTo } from './sumTo.ts';
import { reshape, transpose, unsqueeze } from './views.ts';

const half = (...shape: number[]): CaseInput => ({ shape, dtype: 'float16' });

const op = defineOp({
  name: 'matmul',
  formula: 'y[i, j] = Σ_k a[i, k] · b[k, j]',
  inputs: ['a', 'b'],
  dtypes: { a: FACTORS, b: FACTORS },
  attrs: {},
  strided: ['a', 'b'],
  shape: ({ a, b }) => productShape('matmul', a.shape, b.shape),
  dtype: 'float32',
  webgpu: (operands, _attrs, tools) => matmulOnWebGPU(operands, tools),
  wasm: (operands, _attrs, tools) => mixedMatmulOnWasm(operands, tools),
  saves: ['a', 'b'],
  grad: (dy, { a, b }, { needs, shapes }) => {
    const g = to(dy, a.dtype === b.dtype ? a.dtype : 'float32');
    return {
      a: needs.a ? sumTo(matmul(g, transpose(b)), shapes.a) : null,
      b: needs.b ? sumTo(matmul(transpose(a), g), shapes.b) : null,
    };
  },
  reference: ({ a, b }) => productReference(a, b),
  cases: [
    { inputs: { a: [2, 3], b: [3, 4] } },
    { inputs: { a: [1, 1], b: [1, 1] } },
    { inputs: { a: [3, 0], b: [0, 2] } },
    { inputs: { a: [0, 3], b: [3, 2] } },
    { inputs: { a: [65, 130], b: [130, 33] } },
    { inputs: { a: [64, 64], b: [64, 64] } },
    { inputs: { a: [1, 257], b: [257, 1] } },
    { inputs: { a: [1, 64], b: [64, 999] } },
    { inputs: { a: [3, 70], b: [70, 50] } },
    { inputs: { a: [49, 300], b: [300, 9] } },
    { inputs: { a: [36, 1040], b: [1040, 20] }, gradient: false, note: 'sums cut into slices' },
    { inputs: { a: [2, 12, 516], b: [2, 516, 8] }, gradient: false, note: 'slices of a batch' },
    { inputs: { a: [2, 3, 17, 8], b: [2, 3, 8, 19] } },
    { inputs: { a: [2, 1, 5, 6], b: [3, 6, 4] } },
    { inputs: { a: [3, 5, 6], b: [6, 7] } },
    { inputs: { a: half(2, 3), b: half(3, 4) } },
    { inputs: { a: half(65, 130), b: half(130, 33) } },
    { inputs: { a: half(1, 257), b: half(257, 5) } },
    { inputs: { a: half(2, 3, 17, 7), b: half(2, 3, 7, 19) } },
    { inputs: { a: half(2, 1, 5, 6), b: half(3, 6, 4) } },
    { inputs: { a: half(0, 3), b: half(3, 2) } },
    { inputs: { a: half(5, 33), b: [33, 9] } },
    { inputs: { a: [3, 33], b: half(33, 10) } },
    { inputs: { a: [512, 512], b: [512, 512] }, bench: true, gradient: false },
  ],
});

/**
 * Matrix product over the last two dimensions; the others are broadcast: a [.., m, k] · b [.., k, n] → [.., m, n].
 * A vector on the left is a row, on the right a column, and the result has no dimension for it. Operands are float32 or
 * float16, the result is float32; with two float16 operands the gradient is rounded to float16 for the products behind it.
 *
 * @throws {ShapeError} where the inner sizes differ or the batch dimensions do not broadcast
 */
export function matmul(x: Tensor, other: Tensor): Tensor {
  if (!(other instanceof Tensor)) {
    throw new DTypeError(`matmul: the right side is ${given(other)}, expected a tensor. Make one with tensor().`);
  }
  if (x.ndim === 0 || other.ndim === 0) {
    throw new ShapeError(`matmul: ${show(x.shape)} times ${show(other.shape)}. Use mul for a scalar.`);
  }
  if (x.ndim === 1) return squeezeAt(matmul(unsqueeze(x, 0), other), other.ndim === 1 ? -1 : -2);
  if (other.ndim === 1) return squeezeAt(matmul(x, unsqueeze(other, 1)), -1);
  if (x.ndim > 2 && other.ndim === 2) {
    // one large product instead of many small ones
    productShape('matmul', x.shape, other.shape);
    const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
    return reshape(op({ a: rows, b: other }), [...x.shape.slice(0, -1), other.shape[1]!]);
  }
  return op({ a: x, b: other });
}

const squeezeAt = (x: Tensor, dim: -1 | -2): Tensor =>
  reshape(
    x,
    x.shape.filter((_, d) => d !== x.ndim + dim),
  );
