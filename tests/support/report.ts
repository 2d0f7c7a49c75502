/** A run as plain data, for reports. */
import type { AttentionSample, RunReport } from '../../transformer/report/run.ts';

/** A sentence that would end the script element, the attribute and the cell, were it not escaped. */
export const EVIL = `</script><img src=x onerror="alert('&')">`;

const attentionOf = (rows: number, columns: number): number[][][] =>
  [0, 1].map((head) =>
    Array.from({ length: rows }, (_, r) => {
      const row = Array.from({ length: columns }, (_, c) => Math.exp(-Math.abs(r * 0.8 - c) * (1 + head)));
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map((v) => v / sum);
    }),
  );

export function sample(source: string, output: string, right = true): AttentionSample {
  const sourceTokens = [...source.toLowerCase().split(' '), '</s>'];
  const tokens = [...output, '</s>'];
  const attention = [0, 1, 2].map(() => attentionOf(tokens.length, sourceTokens.length));
  return {
    source,
    references: [output],
    output,
    right,
    sourceTokens,
    tokens,
    attention,
    probabilities: tokens.map(() => 0.987),
  };
}

const validation = (step: number) => ({
  loss: 0.4 + 5 * Math.exp(-step / 400),
  bleu: 98 * (1 - Math.exp(-step / 700)),
  chrf: 98 * (1 - Math.exp(-step / 500)),
  best: true,
});

/** A run as training leaves it, of any length. */
export function fakeRun(steps = 2400): RunReport {
  const lr = (s: number): number => 256 ** -0.5 * Math.min(s ** -0.5, s * 400 ** -1.5);
  return {
    name: '2025-11-23-1409',
    written: '2025-11-23T14:38:12.345Z',
    progress: { state: 'finished', step: steps, steps, left: null },
    resume: 'heddle train --resume runs/2025-11-23-1409',
    versions: { heddle: '0.1.0', node: '20.20.2', platform: 'linux x64' },
    command: 'heddle train --seed 7 --steps 2400',
    seed: 7,
    device: { description: 'wasm, 2 threads, relaxed SIMD', software: false },
    config: {
      ...{ layers: 3, heads: 8, dModel: 256, feedForward: 1024, dropout: 0.1, srcVocab: 412, tgtVocab: 537 },
      ...{ activation: 'gelu', norm: 'layer', normFirst: true, positions: 'learned', maxLength: 99 },
      ...{ sharedEmbeddings: true, tiedOutput: false },
    },
    parameters: 5_791_001,
    task: 'translate',
    data: null,
    pairs: 24_000,
    training: {
      steps,
      epochs: 11.25,
      seconds: 1743,
      tokens: 4_321_987,
      tokensPerSecond: 2479.6,
      batchTokens: 2048,
      labelSmoothing: 0.1,
    },
    test: {
      right: 987,
      total: 1000,
      bleu: { score: 97.23, signature: 'nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:0.1.0-heddle' },
      chrf: { score: 98.06, signature: 'nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:0.1.0-heddle' },
    },
    metric: 'bleu',
    chosen: { by: 'best', step: 2100, metric: 'bleu', value: 93.1 },
    log: Array.from({ length: steps }, (_, i) => {
      const s = i + 1;
      return {
        step: s,
        loss: 0.62 + 5.6 * Math.exp(-s / 260) + 0.06 * Math.sin(s * 12.9898) * Math.cos(s * 78.2),
        lr: lr(s),
        gradNorm: 0.8 + 3 * Math.exp(-s / 200) + 0.2 * Math.sin(s * 4.7),
        memory: { used: 92_650_000, peak: 92_650_000 + Math.min(s, 300) * 500_000 },
        ...(s % 300 === 0 && { validation: validation(s) }),
      };
    }),
    showcase: [
      sample('The cat sat on the mat', '猫坐在垫子上'),
      sample('My sister likes those two small dogs', '我姐姐喜欢那两只小狗'),
      sample('He did not go to school', '他没去上学', false),
    ],
    samples: [
      { source: 'The teacher read a book', references: ['老师读了一本书'], output: '老师读了一本书', right: true },
      { source: 'Three birds are in the tree', references: ['三只鸟在树上'], output: '三只鸟在树上', right: true },
      { source: 'Does she have any bread?', references: ['她有面包吗？'], output: '她有一块面包吗？', right: false },
      { source: EVIL, references: ['a & b'], output: '<b>', right: false },
    ],
  };
}
