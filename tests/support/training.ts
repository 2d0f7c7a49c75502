import { type Device, Generator, type Module, openDevice } from '../../engine/index.ts';
import {
  type BatchSource,
  encodePairs,
  type Pair,
  type Scores,
  StreamBatches,
  Tokenizer,
  type Trainer,
  type TrainStep,
  Transformer,
  type Translator,
} from '../../transformer/index.ts';

/** One thread and no fused multiply-add: the same bits everywhere. */
export const plainDevice = (): Promise<Device> => openDevice('wasm', { threads: 1, deterministic: true });

/** Sentences of one to seven words, and the same words backwards in capitals. */
const WORDS = ['a', 'bee', 'cat', 'dove', 'elk', 'fox', 'gnu'];
export const PAIRS: readonly Pair[] = Array.from({ length: 40 }, (_, i) => {
  const words = Array.from({ length: 1 + (i % 7) }, (_, k) => WORDS[(i * (k + 2) + k) % 7]!);
  return { source: words.join(' '), target: words.reverse().join(' ').toUpperCase() };
});
export const SOURCE = Tokenizer.build(
  'words',
  PAIRS.map((p) => p.source),
);
export const TARGET = Tokenizer.build(
  'characters',
  PAIRS.map((p) => p.target),
);

/** A small translator, the same each time. */
export function smallTranslator(device: Device, dropout = 0.1): Translator {
  const config = { srcVocab: SOURCE.size, tgtVocab: TARGET.size, dModel: 16, heads: 2, layers: 1, feedForward: 32 };
  const model = new Transformer({ ...config, dropout }, { device, generator: new Generator(3) });
  return { model, source: SOURCE, target: TARGET };
}

/** The pairs as a stream that is mixed anew each epoch. */
export const streamed = (): BatchSource =>
  new StreamBatches(() => encodePairs(PAIRS, { source: SOURCE, target: TARGET }), {
    batchTokens: 120,
    seed: 5,
    shuffle: 15,
  });

/** The steps of a run, all or the first few. */
export async function take<S extends Scores<S>>(
  trainer: Pick<Trainer<unknown, Module, S>, 'run'>,
  most = Number.POSITIVE_INFINITY,
): Promise<TrainStep<S>[]> {
  const steps: TrainStep<S>[] = [];
  if (most > 0) for await (const step of trainer.run()) if (steps.push(step) >= most) break;
  return steps;
}

/** All weights, one after another. */
export const parameters = async ({ model }: Translator): Promise<number[]> =>
  Object.values(await model.stateDict()).flatMap(({ data }) => Array.from(data as Float32Array));
