import { say } from '../../language/language.ts';
import { buildCorpus, showcase } from '../../text/corpus/index.ts';
import { exactly, type Task } from './task.ts';

/** Enough that the default run sees hardly a sentence twice. */
const SIZES = { train: 80_000, validation: 400, test: 1000 } as const;

/** English to Chinese on sentences of the built-in grammar, or any two languages on pairs of a user's own. */
export const translation: Task = {
  name: 'translate',
  describe: say(
    'translates English sentences into Chinese; other languages with --data',
    '将英文句子译成中文；用 --data 可使用其他语言',
  ),
  sample: showcase[0]!,
  showcase,
  pairs: (seed, count) => buildCorpus({ seed, pairs: count, valid: 0, test: 0 }).train,
  split: (seed, sizes) => {
    const { train: pairs, validation: valid, test } = { ...SIZES, ...sizes };
    const corpus = buildCorpus({ seed, pairs, valid, test });
    return { train: corpus.train, validation: corpus.valid, test: corpus.test };
  },
  longer: null,
  /** So many sentences that hardly one comes twice: nothing to overfit, so no dropout. */
  recipe: {
    model: { dModel: 128, heads: 4, layers: 2, feedForward: 512, dropout: 0, normFirst: true },
    steps: 900,
    batchTokens: 1024,
    schedule: { kind: 'linear', warmup: 100, lr: 0.002 },
    labelSmoothing: 0.1,
  },
  tokenizers: null,
  isRight: exactly,
  wanted: 0.95,
  isText: true,
  files: {},
  input: (typed) => typed,
};
