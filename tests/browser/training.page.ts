import { manualSeed, openDevice } from '../../engine/index.ts';
import {
  buildCorpus,
  Tokenizer,
  Trainer,
  Transformer,
  translate,
  translationTraining,
} from '../../transformer/index.ts';

/** What training on one device in a page came to. */
export interface PageTraining {
  readonly description: string;
  readonly losses: readonly number[];
  readonly translation: string;
  /** Buffers alive behind the parameters and the optimizer when all is done. */
  readonly leaked: number;
}

/** Trains a small translator for some steps on one device of the browser. */
export default async function run({ kind, steps }: { kind: 'wasm' | 'webgpu'; steps: number }): Promise<PageTraining> {
  const device = await openDevice(kind);
  const pairs = buildCorpus({ pairs: 500, valid: 10, test: 10, seed: 3 }).train;
  const source = Tokenizer.build(
    'words',
    pairs.map((p) => p.source),
  );
  const target = Tokenizer.build(
    'characters',
    pairs.map((p) => p.target),
  );
  const generator = manualSeed(7);
  const model = new Transformer(
    { srcVocab: source.size, tgtVocab: target.size, dModel: 32, heads: 4, layers: 1, feedForward: 64, dropout: 0.1 },
    { device, generator },
  );
  const translator = { model, source, target };
  const losses: number[] = [];
  const trainer = new Trainer(translationTraining(translator, pairs, { steps, batchTokens: 256, warmup: 20, seed: 1 }));
  let after = 0;
  for await (const step of trainer.run()) {
    losses.push(step.loss);
    if (step.step === 1) after = device.memory().liveBuffers;
  }
  const leaked = device.memory().liveBuffers - after;
  const translation = await translate(translator, 'The cat sat on the mat', { maxLength: 5 });
  const { description } = device;
  device.destroy();
  return { description, losses, translation, leaked };
}
