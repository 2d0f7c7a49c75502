import maskedFillShader from '../../shaders/masked_fill.wgsl';
import whereShader from '../../shaders/where.wgsl';
import { type DType, promote } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { defineOp } from '../op.ts';
import { zip } from '../reference.ts';
import { broadcastShapes, sizeOf } from '../shape.ts';
import { broadcastWalk, layoutOf, stridedDispatch, WALK_BYTES } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { to } from './contiguous.ts';
import { ANY, checkSameDtype, GRAIN, wordOf } from './elementwise.ts';
import { sumTo } from './sumTo.ts';

/** Conditions and masks: bool, or int32 with 0 for false. */
const MASK: readonly DType[] = ['bool', 'int32'];

const whereOp = defineOp({
  name: 'where',
  formula: 'x where the condition is true, else y',
  inputs: ['condition', 'x', 'y'],
  dtypes: { condition: MASK, x: ANY, y: ANY },
  attrs: {},
  shape: ({ condition, x, y }) => {
    checkSameDtype('where', x, y);
    return broadcastShapes('where', condition.shape, x.shape, y.shape);
  },
  dtype: ({ x }) => x.dtype,
  strided: ['condition', 'x', 'y'],
  webgpu: ({ condition, x, y, output }) =>
    stridedDispatch({
      shader: whereShader,
      shape: output.shape,
      walked: { condition, x, y },
      bindings: { output },
      uniforms: {},
      perGroup: 256,
    }),
  wasm: ({ condition, x, y, output }) => {
    const args = [condition, x, y, output];
    const layout = layoutOf(broadcastWalk(output.shape, condition, x, y));
    return { kernel: 'where', args, layout, range: sizeOf(output.shape), grain: GRAIN, scratch: WALK_BYTES + 48 };
  },
  saves: ['condition'],
  grad: (dy, { condition }, { needs, shapes }) => ({
    x: needs.x ? sumTo(maskedFillOp({ x: dy, mask: condition }, { value: 0, keep: true }), shapes.x) : null,
    y: needs.y ? sumTo(maskedFillOp({ x: dy, mask: condition }, { value: 0 }), shapes.y) : null,
  }),
  reference: ({ condition, x, y }) => zip((c, a, b) => (c! !== 0 ? a! : b!), condition, x, y),
  cases: [
    { inputs: { condition: { shape: [3, 7], dtype: 'bool' }, x: [3, 7], y: [3, 7] } },
    { inputs: { condition: { shape: [2, 3, 5], dtype: 'bool' }, x: [2, 3, 5], y: [5] } },
    { inputs: { condition: { shape: [3, 1], dtype: 'int32', high: 3 }, x: [], y: [2, 1, 6] } },
    { inputs: { condition: { shape: [], dtype: 'bool' }, x: [4], y: [4] } },
    {
      inputs: {
        condition: { shape: [9], dtype: 'bool' },
        x: { shape: [9], dtype: 'int32', high: 50 },
        y: { shape: [2, 9], dtype: 'int32', high: 50 },
      },
    },
    { inputs: { condition: { shape: [0], dtype: 'bool' }, x: [1], y: [1] } },
    {
      inputs: { condition: { shape: [1024, 1024], dtype: 'bool' }, x: [1024, 1024], y: [1024] },
      bench: true,
      gradient: false,
    },
  ],
});

const maskedFillOp = defineOp({
  name: 'maskedFill',
  formula: 'value where the mask is true, else x',
  inputs: ['x', 'mask'],
  dtypes: { x: ANY, mask: MASK },
  /** `keep`: the other way round, x where the mask is true and value elsewhere. */
  attrs: { value: 0, keep: false },
  shape: ({ x, mask }) => broadcastShapes('maskedFill', x.shape, mask.shape),
  dtype: ({ x }) => x.dtype,
  strided: ['x', 'mask'],
  webgpu: ({ x, mask, output }, { value, keep }) =>
    stridedDispatch({
      shader: maskedFillShader,
      shape: output.shape,
      walked: { x, mask },
      bindings: { output },
      uniforms: { value: wordOf(x.dtype, value) },
      params: { KEEP: String(keep) },
      perGroup: 256,
    }),
  wasm: ({ x, mask, output }, { value, keep }) => {
    const { sizes, strides } = broadcastWalk(output.shape, x, mask);
    const [ofX, ofMask, ofValue] = [strides[0]!, strides[1]!, sizes.map(() => 0)];
    const layout = layoutOf({ sizes, strides: keep ? [ofMask, ofX, ofValue] : [ofMask, ofValue, ofX] });
    const args = [x, mask, output, wordOf(x.dtype, value), Number(keep)];
    return { kernel: 'maskedFill', args, layout, range: sizeOf(output.shape), grain: GRAIN, scratch: WALK_BYTES + 64 };
  },
  saves: ['mask'],
  grad: (dy, { mask }, { attrs: { keep }, shapes }): { x: Tensor } => ({
    x: sumTo(maskedFillOp({ x: dy, mask }, { value: 0, keep }), shapes.x),
  }),
  reference: ({ x, mask }, { value, keep }) => zip((v, m) => ((m !== 0) !== keep ? value : v!), x, mask),
  cases: [
    { inputs: { x: [3, 7], mask: { shape: [3, 7], dtype: 'bool' } }, attrs: { value: -7.5 } },
    {
      inputs: { x: [2, 3, 9], mask: { shape: [3, 9], dtype: 'int32', high: 3 } },
      attrs: { value: -3e38 },
      gradient: false,
    },
    { inputs: { x: [2, 3, 9], mask: { shape: [3, 9], dtype: 'int32', high: 3 } }, attrs: { value: 3 } },
    { inputs: { x: [2, 3, 5, 5], mask: { shape: [2, 1, 1, 5], dtype: 'bool' } }, attrs: { value: 1, keep: true } },
    { inputs: { x: [5], mask: { shape: [2, 1], dtype: 'bool' } }, attrs: { value: 2 } },
    {
      inputs: { x: { shape: [9], dtype: 'int32', high: 50 }, mask: { shape: [9], dtype: 'bool' } },
      attrs: { value: -1 },
    },
    { inputs: { x: { shape: [6], dtype: 'bool' }, mask: { shape: [6], dtype: 'bool' } }, attrs: { value: 1 } },
    { inputs: { x: [], mask: { shape: [], dtype: 'bool' } } },
    { inputs: { x: [2, 0], mask: { shape: [1], dtype: 'bool' } } },
    { inputs: { x: [8, 8, 128, 128], mask: { shape: [8, 1, 1, 128], dtype: 'bool' } }, bench: true, gradient: false },
  ],
});

/** The mask as a kernel takes it; float32 is refused, since a mask of floats is a mistake more often than not. */
function checkMask(op: string, name: string, mask: Tensor): void {
  if (MASK.includes(mask.dtype)) return;
  throw new DTypeError(
    `${op}: ${name} is ${mask.dtype}, expected bool. Compare it with a number, or convert it with to().`,
  );
}

/**
 * x where `condition` is true, else y; the three are broadcast against each other. `condition` is bool (or int32, not 0
 * meaning true); numbers may stand for x and y; the dtype is the wider one of x and y. Moves bits, so an infinity or
 * NaN that is not chosen does no harm, in the gradient neither.
 *
 * Throws ShapeError for shapes that do not broadcast, DTypeError for a condition of floats.
 */
export function where(condition: Tensor, x: Tensor | number, y: Tensor | number): Tensor {
  checkMask('where', 'condition', condition);
  const type = (v: Tensor | number): DType => (typeof v !== 'number' ? v.dtype : v === (v | 0) ? 'int32' : 'float32');
  const dtype = promote(type(x), type(y));
  const as = (v: Tensor): Tensor => (v.dtype === dtype ? v : to(v, dtype));
  const used: Tensor[] = [];
  const given = (v: Tensor | number): Tensor => {
    const t = typeof v === 'number' ? fill([], v, { dtype, device: condition.device }) : as(v);
    if (t !== v) used.push(t);
    return t;
  };
  const output =
    typeof y === 'number' && typeof x !== 'number'
      ? maskedFillOp({ x: given(x), mask: condition }, { value: y, keep: true })
      : typeof x === 'number' && typeof y !== 'number'
        ? maskedFillOp({ x: given(y), mask: condition }, { value: x })
        : whereOp({ condition, x: given(x), y: given(y) });
  for (const t of used) t.dispose();
  return output;
}

/**
 * `value` where `mask` is true, else x; the two are broadcast against each other. `mask` is bool, or int32 with anything
 * but 0 for true. Throws ShapeError for shapes that do not broadcast, DTypeError for a mask of floats.
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  checkMask('maskedFill', 'mask', mask);
  return maskedFillOp({ x, mask }, { value });
}
