/** What every engine's results are held against before they are timed. */
import { operations } from '../../engine/index.ts';
import type { BenchCase, OpCase } from '../suite/case.ts';
import { ADAM, adamInputs, drawInputs } from '../suite/inputs.ts';
import { attentionChecker } from './attention.ts';
import { difference, first, type Outputs } from './compare.ts';
import { checkProduct } from './matmul.ts';
import { adam, decodeChecker, trainingChecker } from './model.ts';
import { gradientReference } from './rows.ts';

export type { Outputs } from './compare.ts';

/** Says what is wrong with outputs, or null. The reference is computed once. */
export type Checker = (got: Outputs) => string | null;

export function checkerOf(c: BenchCase): Checker {
  switch (c.kind) {
    case 'op':
      return opChecker(c);
    case 'adam':
      return adamChecker(c.count);
    case 'training':
      return trainingChecker(c);
    case 'decode':
      return decodeChecker(c);
    case 'overhead':
      return overheadChecker(c.op, c.pass === 'forward and backward');
    case 'memory':
      return ({ peakBytes, finite }) =>
        (peakBytes?.[0] ?? 0) > 0 && finite?.[0] === 1 ? null : 'no peak, or numbers that are not finite';
  }
}

function opChecker(c: OpCase): Checker {
  const inputs = drawInputs(c);
  if (c.op === 'matmul') return (got) => checkProduct(c, inputs, got['output'] ?? []);
  if (c.op === 'scaledDotProductAttention') return attentionChecker(c, inputs);
  if (c.gradient !== undefined) {
    const want = gradientReference(c, inputs);
    if (want === null)
      throw new Error(`bench: there is no reference for the gradient of ${c.op}; add it to check/rows.ts.`);
    return (got) => first(...Object.entries(want).map(([name, values]) => difference(name, got[name], values)));
  }
  const op = operations().get(c.op)!;
  const arrays = Object.fromEntries(
    Object.entries(c.inputs).map(([name, { shape }]) => [name, { shape, data: Float64Array.from(inputs[name]!) }]),
  );
  const want = op.reference(arrays, { ...op.attrs, ...c.attrs } as never);
  return (got) => difference('output', got['output'], want.data);
}

function adamChecker(count: number): Checker {
  const { parameters, gradient } = adamInputs(count);
  const want = Float64Array.from(parameters.values);
  const means = [new Float64Array(count), new Float64Array(count)] as const;
  for (let step = 1; step <= ADAM.steps; step++) adam(want, gradient.values, means, step);
  return (got) => difference('parameters', got['parameters'], want, { own: 1e-5, typical: 1e-6 });
}

/** The four numbers that every operation of the overhead suite gets. */
export const FOUR = Float32Array.of(0.5, -1, 2, 0.25);

function overheadChecker(op: 'add' | 'matmul' | 'softmax', back: boolean): Checker {
  const [a, b, c, d] = FOUR as unknown as [number, number, number, number];
  const powers = [...FOUR].map(Math.exp);
  const total = powers.reduce((x, y) => x + y, 0);
  const output = {
    add: [2 * a, 2 * b, 2 * c, 2 * d],
    matmul: [a * a + b * c, a * b + b * d, c * a + d * c, c * b + d * d],
    softmax: powers.map((p) => p / total),
  }[op];
  // dy is all ones; both operands are learnt, the gradient is that of the first
  const gradient = { add: [1, 1, 1, 1], matmul: [a + b, c + d, a + b, c + d], softmax: [0, 0, 0, 0] }[op];
  return (got) =>
    first(
      difference('output', got['output'], output),
      back
        ? difference(
            'd x',
            Array.from(got['d x'] ?? [], (g) => g + 1),
            gradient.map((g) => g + 1),
          )
        : null,
    );
}
