import shader from '../../shaders/classify.wgsl';
import { dispatch, grid } from '../backend.ts';
import { defineComposite, defineOp } from '../op.ts';
import { map } from '../reference.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { GRAIN } from './elementwise.ts';
import { maskedFill } from './where.ts';

/** What shaders/classify.wgsl and assembly/classify.ts tell apart. */
const KINDS = { isnan: 0, isinf: 1, isfinite: 2, isposinf: 3, isneginf: 4 } as const;

const EDGES = [0, -0, 1, -1e-40, 3.4e38, -3.4e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const classifier = (name: keyof typeof KINDS, formula: string, f: (x: number) => boolean) => {
  const op = defineOp({
    name,
    formula,
    inputs: ['x'],
    attrs: {},
    shape: ({ x }) => x.shape,
    dtype: 'bool',
    webgpu: ({ x, output }) =>
      dispatch({
        shader,
        bindings: { x, output },
        uniforms: { total: sizeOf(x.shape) },
        params: { KIND: KINDS[name] },
        workgroups: grid(sizeOf(x.shape), 256),
      }),
    wasm: ({ x, output }) => ({
      kernel: 'classify',
      args: [x, output, KINDS[name]],
      range: sizeOf(x.shape),
      grain: GRAIN,
    }),
    reference: ({ x }) => map(x, (v) => Number(f(v))),
    cases: [
      { inputs: { x: { shape: [9], values: EDGES } } },
      { inputs: { x: [3, 5] } },
      { inputs: { x: [] } },
      { inputs: { x: [0] } },
    ],
  });
  // Whole numbers are all finite.
  return (x: Tensor): Tensor =>
    x.dtype === 'int32' || x.dtype === 'bool'
      ? fill(x.shape, name === 'isfinite', { dtype: 'bool', device: x.device })
      : op({ x });
};

const nan = classifier('isnan', 'x is not a number', Number.isNaN);
const inf = classifier('isinf', '|x| = ∞', (x) => Math.abs(x) === Number.POSITIVE_INFINITY);
const finite = classifier('isfinite', 'x is a number, and not infinite', Number.isFinite);
const above = classifier('isposinf', 'x = ∞', (x) => x === Number.POSITIVE_INFINITY);
const below = classifier('isneginf', 'x = −∞', (x) => x === Number.NEGATIVE_INFINITY);

/** True where x is not a number. */
export const isnan = (x: Tensor): Tensor => nan(x);
/** True where x is ∞ or −∞. */
export const isinf = (x: Tensor): Tensor => inf(x);
/** True where x is neither infinite nor NaN. */
export const isfinite = (x: Tensor): Tensor => finite(x);
/** True where x is ∞. */
export const isposinf = (x: Tensor): Tensor => above(x);
/** True where x is −∞. */
export const isneginf = (x: Tensor): Tensor => below(x);

/** The largest number of float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

const nanToNumOp = defineComposite({
  name: 'nanToNum',
  formula: 'x, with NaN, ∞ and −∞ replaced by numbers',
  inputs: ['x'],
  attrs: { nan: 0, posinf: LARGEST, neginf: -LARGEST },
  compute: ({ x }, attrs) => {
    const numbers = maskedFill(x, isnan(x), attrs.nan);
    return maskedFill(maskedFill(numbers, isposinf(x), attrs.posinf), isneginf(x), attrs.neginf);
  },
  reference: ({ x }, attrs) =>
    map(x, (v) => (Number.isNaN(v) ? attrs.nan : Number.isFinite(v) ? v : v > 0 ? attrs.posinf : attrs.neginf)),
  cases: [
    { inputs: { x: [3, 5] } },
    { inputs: { x: { shape: [9], values: EDGES } }, attrs: { nan: -1, posinf: 7, neginf: -8 }, gradient: false },
    { inputs: { x: { shape: [9], values: EDGES } }, gradient: false },
    { inputs: { x: [] } },
  ],
});

export interface NanToNumOptions {
  /** Default: 0. */
  readonly nan?: number;
  /** Default: the largest float32, 3.4e38. */
  readonly posinf?: number;
  /** Default: the smallest float32. */
  readonly neginf?: number;
}

/** x with numbers in place of NaN, ∞ and −∞, which get no gradient. float32. */
export const nanToNum = (x: Tensor, options: NanToNumOptions = {}): Tensor => nanToNumOp({ x }, options);
