import { give, scores } from '../engines/transformer.ts';
import type { DecodeCase, TrainingCase } from '../suite/case.ts';
import { ADAM } from '../suite/inputs.ts';
import { FIRST_TOKEN, parameterValues, type TokenBatch, tokenBatch, tokens } from '../suite/models.ts';
import { difference, largest, type Outputs } from './compare.ts';
import { backward, float64, leaf, type Value } from './tape.ts';

/** Steps whose losses are compared: the third depends on two updates. */
export const CHECKED_STEPS = 3;
/** The mark that decoding begins with. */
export const START = 2;

/** What a training case is checked on: a batch of two sentences, without dropout. */
export const checkBatch = ({ model, sourceLength, targetLength }: TrainingCase): TokenBatch =>
  tokenBatch(2, sourceLength, targetLength, model.vocab);

export const decodeSources = ({ rows, sourceLength, model }: DecodeCase): Int32Array =>
  tokens(rows, sourceLength, model.vocab, 21);

/** Losses of the first steps of training, in float64. */
function losses(c: TrainingCase): number[] {
  const batch = checkBatch(c);
  const values: Record<string, Value> = Object.fromEntries(
    Object.entries(parameterValues(c.model)).map(([name, { shape, values: v }]) => [name, leaf(shape, v)]),
  );
  const means = Object.values(values).map(
    ({ data }) => [new Float64Array(data.length), new Float64Array(data.length)] as const,
  );
  const given = give(float64, c.model, batch);
  return Array.from({ length: CHECKED_STEPS }, (_, step) => {
    const loss = float64.crossEntropy(scores(float64, values, c.model, batch, given, 0), given.expected);
    backward(loss);
    for (const [i, p] of Object.values(values).entries()) {
      adam(p.data, p.grad ?? new Float64Array(p.data.length), means[i]!, step + 1);
      p.grad = null;
    }
    return loss.data[0]!;
  });
}

/** One step of Adam in place. */
export function adam(
  p: Float64Array,
  gradient: ArrayLike<number>,
  [m, v]: readonly [Float64Array, Float64Array],
  step: number,
): void {
  const { lr, beta1, beta2, eps } = ADAM;
  for (let i = 0; i < p.length; i++) {
    const g = gradient[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    p[i]! -= (lr * (m[i]! / (1 - beta1 ** step))) / (Math.sqrt(v[i]! / (1 - beta2 ** step)) + eps);
  }
}

/** Holds the losses of three steps of training on a small batch against float64. */
export function trainingChecker(c: TrainingCase): (got: Outputs) => string | null {
  const want = losses(c);
  return (got) => difference('loss of the first steps', got['losses'], want, { own: 2e-4, typical: 0 });
}

/** How much less probable a chosen token may be than the most probable one, in score. */
const NEARLY = 2e-3;

/** Every token an engine wrote must be the most probable one in float64 behind those it wrote before, or all but. */
export function decodeChecker(c: DecodeCase): (got: Outputs) => string | null {
  const source = decodeSources(c);
  const { model, sourceLength, length } = c;
  const values = Object.fromEntries(
    Object.entries(parameterValues(model)).map(([name, { shape, values: v }]) => [name, leaf(shape, v)]),
  );
  const checked = new Map<string, string | null>();
  const checkRow = (row: number, written: readonly number[]): string | null => {
    const input = Int32Array.from([START, ...written.slice(0, -1)]);
    const sizes = { rows: 1, sourceLength, targetLength: length };
    const own = source.subarray(row * sourceLength, (row + 1) * sourceLength);
    const given = give(float64, model, { ...sizes, source: own, input, expected: input });
    const { data } = scores(float64, values, model, sizes, given, 0);
    for (const [i, id] of written.entries()) {
      // marks are not to be written
      const line = data.subarray(i * model.vocab, (i + 1) * model.vocab);
      const best = largest(line.subarray(FIRST_TOKEN));
      if (!(id >= FIRST_TOKEN && line[id]! >= best - NEARLY))
        return `token ${i} of row ${row} is ${id}, of score ${line[id]}; the best has ${best}`;
    }
    return null;
  };
  return (got) => {
    const written = got['tokens'];
    if (written?.length !== c.rows * length)
      return `${written?.length} tokens were written, expected ${c.rows * length}`;
    // the last row stands for all: they are computed alike
    const row = c.rows - 1;
    const ids = Array.from({ length }, (_, i) => written[row * length + i]!);
    const key = ids.join(' ');
    if (!checked.has(key)) checked.set(key, checkRow(row, ids));
    return checked.get(key)!;
  };
}
