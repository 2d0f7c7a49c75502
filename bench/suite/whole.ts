import type { DecodeCase, MemoryCase, ModelSize, OverheadCase, TrainingCase } from './case.ts';

const SMALL: ModelSize = { dModel: 128, heads: 4, layers: 2, feedForward: 512, vocab: 1000 };
const MEDIUM: ModelSize = { dModel: 256, heads: 8, layers: 3, feedForward: 1024, vocab: 8000 };

const training = (name: string, model: ModelSize, length: number): TrainingCase => {
  const rows = 32;
  const { dModel: d, layers, feedForward: f, vocab } = model;
  return {
    ...{ kind: 'training', suite: 'training', model, rows, sourceLength: length, targetLength: length, dropout: 0.1 },
    name:
      `${name} d ${d}, ${layers}+${layers} layers, ff ${f}, ${rows}×(${length}+${length}) tokens, ` +
      `vocabulary ${vocab}, Adam, dropout 0.1`,
    work: { unit: 'tokens', amount: rows * length },
  };
};

/** Whole steps of two sizes; tokens are those of the target. */
export const trainingCases = (): TrainingCase[] => [training('(a)', SMALL, 16), training('(b)', MEDIUM, 32)];

/** Greedy decoding with keys and values kept, over what is written: the cost of a token should not depend on it. */
export const decodeCases = (): DecodeCase[] =>
  [1, 8].flatMap((rows) =>
    [32, 128, 512].map((length) => ({
      ...{ kind: 'decode' as const, suite: 'decode' as const, model: MEDIUM, rows, sourceLength: 32, length },
      name: `greedy, ${rows} ${rows === 1 ? 'row' : 'rows'}, ${length} tokens, d ${MEDIUM.dModel}, ${MEDIUM.layers}+${MEDIUM.layers} layers`,
      curve: { name: `greedy decoding, ${rows} ${rows === 1 ? 'row' : 'rows'}`, size: length },
      work: { unit: 'tokens' as const, amount: rows * length },
    })),
  );

/** One operation on four numbers: [4] + [4], [2, 2] · [2, 2], softmax of [4]. */
export const overheadCases = (): OverheadCase[] =>
  (['add', 'matmul', 'softmax'] as const).flatMap((op) =>
    (['no gradient', 'taped', 'forward and backward'] as const).map((pass) => ({
      ...{ kind: 'overhead' as const, suite: 'overhead' as const, op, pass },
      ...{ name: `${op} of four numbers, ${pass}`, work: null },
    })),
  );

const attention = (length: number, composed: boolean): MemoryCase => ({
  ...{ kind: 'memory', suite: 'memory', measures: { what: 'attention', length, composed } },
  // forward and backward: seven products of length × length × 64, for each of 4 heads
  work: { unit: 'flops', amount: 7 * 2 * 4 * length * length * 64 },
  name: `attention forward and backward, ${composed ? 'composed' : 'fused'}, L = ${length}`,
  curve: { name: `peak bytes of attention, ${composed ? 'composed' : 'fused'}`, size: length },
});

export const memoryCases = (): MemoryCase[] => [
  ...[512, 1024, 2048, 4096, 8192].flatMap((length) => [attention(length, false), attention(length, true)]),
  ...trainingCases().map(
    (c): MemoryCase => ({
      ...{ kind: 'memory', suite: 'memory', measures: { what: 'training', training: c }, work: null },
      name: `peak of training ${c.name} against the estimate`,
    }),
  ),
];
