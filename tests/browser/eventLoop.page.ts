import { crossEntropy, linear, openDevice, randint, randn, SGD, scope } from '../../engine/index.ts';
import {
  buildCorpus,
  Tokenizer,
  Trainer,
  Transformer,
  translate,
  translationTraining,
} from '../../transformer/index.ts';

/** What the event loop did while something was computed. */
export interface Meanwhile {
  readonly milliseconds: number;
  /** Frames drawn; 0 outside a page. */
  readonly frames: number;
  /** Runs of a timer that wants one every 10 ms. */
  readonly ticks: number;
}

/** Counts frames and ticks while `body` runs. */
async function during(body: () => Promise<void>): Promise<Meanwhile> {
  let frames = 0;
  let ticks = 0;
  let on = true;
  const draw = (globalThis as { requestAnimationFrame?: (f: () => void) => void }).requestAnimationFrame;
  const frame = (): void => {
    frames++;
    if (on) draw?.(frame);
  };
  draw?.(frame);
  const timer = setInterval(() => ticks++, 10);
  const start = performance.now();
  await body();
  const milliseconds = performance.now() - start;
  on = false;
  clearInterval(timer);
  return { milliseconds, frames, ticks };
}

/** Steps that read their loss, `train()` and decoding on wasm, one thread, each for about a second. */
export default async function run(): Promise<Record<'steps' | 'training' | 'decoding', Meanwhile>> {
  const device = await openDevice('wasm', { threads: 1 });
  const weights = [randn([256, 64], { device, requiresGrad: true }), randn([10, 256], { device, requiresGrad: true })];
  const optimizer = new SGD(weights, { lr: 0.001 });
  const enough = (): (() => boolean) => {
    const end = performance.now() + 1000;
    return () => performance.now() > end;
  };

  const steps = await during(async () => {
    for (const done = enough(); !done(); ) {
      using s = scope();
      const x = randn([128, 64], { device });
      const y = randint(0, 10, [128], { device });
      const loss = crossEntropy(linear(linear(x, weights[0]!).relu(), weights[1]!), y);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      s.keep(loss);
      await loss.item();
      loss.dispose();
    }
  });

  const pairs = buildCorpus({ pairs: 500, valid: 10, test: 10, seed: 3 }).train;
  const source = Tokenizer.build(
    'words',
    pairs.map((p) => p.source),
  );
  const target = Tokenizer.build(
    'characters',
    pairs.map((p) => p.target),
  );
  const model = new Transformer(
    { srcVocab: source.size, tgtVocab: target.size, dModel: 32, heads: 4, layers: 1, feedForward: 64 },
    { device },
  );
  const translator = { model, source, target };
  using trainer = new Trainer(
    translationTraining(translator, pairs, { steps: 100_000, batchTokens: 64, warmup: 20, seed: 1 }),
  );
  const training = await during(async () => {
    const done = enough();
    for await (const _ of trainer.run()) if (done()) break;
  });
  const decoding = await during(async () => {
    for (const done = enough(); !done(); ) await translate(translator, 'The cat sat on the mat', { maxLength: 20 });
  });
  device.destroy();
  return { steps, training, decoding };
}
