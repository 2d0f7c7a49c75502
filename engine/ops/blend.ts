import { defineComposite } from '../op.ts';
import { zip } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, mul, sub } from './binary.ts';

const lerpOp = defineComposite({
  name: 'lerp',
  formula: 'x + weight · (end − x)',
  inputs: ['x', 'end', 'weight'],
  optional: ['weight'],
  attrs: { value: 0.5 },
  compute: ({ x, end, weight }, { value }) => add(x, mul(sub(end, x), weight ?? value)),
  reference: ({ x, end, weight }, { value }) =>
    zip((a, b, w = value) => a! + w * (b! - a!), x, end, ...(weight ? [weight] : [])),
  cases: [
    { inputs: { x: [3, 4], end: [3, 4] }, attrs: { value: 0.3 } },
    { inputs: { x: [3, 4], end: [4], weight: [3, 1] } },
    { inputs: { x: [], end: [] } },
  ],
});

/** From x at weight 0 to `end` at weight 1, along a straight line. Broadcast; float32. */
export const lerp = (x: Tensor, end: Tensor, weight: Tensor | number): Tensor =>
  typeof weight === 'number' ? lerpOp({ x, end }, { value: weight }) : lerpOp({ x, end, weight });

const fused = (
  name: 'addcmul' | 'addcdiv',
  sign: '·' | '/',
  combine: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
) =>
  defineComposite({
    name,
    formula: `x + value · tensor1 ${sign} tensor2`,
    inputs: ['x', 'tensor1', 'tensor2'],
    attrs: { value: 1 },
    compute: ({ x, tensor1, tensor2 }, { value }) => {
      const term = combine(tensor1, tensor2);
      return add(x, value === 1 ? term : mul(term, value));
    },
    reference: ({ x, tensor1, tensor2 }, { value }) => zip((a, b, c) => a! + value * f(b!, c!), x, tensor1, tensor2),
    cases: [
      { inputs: { x: [3, 4], tensor1: [3, 4], tensor2: { shape: [3, 4], values: 'positive' } } },
      { inputs: { x: [3, 1], tensor1: [4], tensor2: { shape: [], values: 'positive' } }, attrs: { value: -0.5 } },
    ],
  });

const addcmulOp = fused('addcmul', '·', mul, (a, b) => a * b);
const addcdivOp = fused('addcdiv', '/', div, (a, b) => a / b);

/** x + value · tensor1 · tensor2. Broadcast; float32. */
export const addcmul = (
  x: Tensor,
  tensor1: Tensor,
  tensor2: Tensor,
  { value = 1 }: { readonly value?: number } = {},
): Tensor => addcmulOp({ x, tensor1, tensor2 }, { value });

/** x + value · tensor1 / tensor2. Broadcast; float32. */
export const addcdiv = (
  x: Tensor,
  tensor1: Tensor,
  tensor2: Tensor,
  { value = 1 }: { readonly value?: number } = {},
): Tensor => addcdivOp({ x, tensor1, tensor2 }, { value });
