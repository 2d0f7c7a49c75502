import {
  Adam,
  type Device,
  gradients,
  type HostTensor,
  matmul,
  mul,
  randn,
  scaledDotProductAttention,
  scope,
  softmax,
  type Tensor,
  tensor,
  transpose,
} from '../../engine/index.ts';
import {
  type BatchTensors,
  batchLoss,
  estimateMemory,
  greedyDecode,
  makeBatch,
  Tokenizer,
  Trainer,
  Transformer,
  type TransformerConfig,
  translationTraining,
} from '../../transformer/index.ts';
import { CHECKED_STEPS, checkBatch, decodeSources, START } from '../check/model.ts';
import type { DecodeCase, MemoryCase, ModelSize, TrainingCase } from '../suite/case.ts';
import { ADAM } from '../suite/inputs.ts';
import { FIRST_TOKEN, parameterValues, type TokenBatch, tokenBatch } from '../suite/models.ts';
import { countsOf } from './counts.ts';
import type { Counts, Task } from './engine.ts';

const configOf = ({ vocab, ...size }: ModelSize, dropout: number): TransformerConfig => ({
  ...{ ...size, dropout, srcVocab: vocab, tgtVocab: vocab },
});

/** The model with the weights that every engine has. */
function modelOf(device: Device, size: ModelSize, dropout: number): Transformer {
  const model = new Transformer(configOf(size, dropout), { device });
  const state = Object.fromEntries(
    Object.entries(parameterValues(size)).map(([name, { shape, values }]): [string, HostTensor] => [
      name,
      { shape, dtype: 'float32', data: values },
    ]),
  );
  model.loadStateDict(state);
  return model;
}

const upload = (device: Device, batch: TokenBatch): BatchTensors => {
  const { rows, sourceLength, targetLength, source, input, expected } = batch;
  const ids = (values: Int32Array, length: number): Tensor =>
    tensor(values, { shape: [rows, length], dtype: 'int32', device });
  return {
    source: ids(source, sourceLength),
    input: ids(input, targetLength),
    expected: ids(expected, targetLength),
  };
};

/** A model in training, and its step: forward, backward, Adam. `loss` is the caller's to dispose. */
class Training {
  readonly #model: Transformer;
  readonly #optimizer: Adam;
  readonly #batch: BatchTensors;

  constructor(device: Device, size: ModelSize, batch: TokenBatch, dropout: number) {
    const { lr, beta1, beta2, eps } = ADAM;
    this.#model = modelOf(device, size, dropout).flattenParameters();
    this.#model.train();
    this.#optimizer = new Adam(this.#model.parameters(), { lr, betas: [beta1, beta2], eps });
    this.#batch = upload(device, batch);
  }

  step(): Tensor {
    const loss = scope(() => {
      const made = scope(() => batchLoss(this.#model, this.#batch, 0));
      made.backward();
      return made.detach();
    });
    this.#optimizer.step();
    this.#optimizer.zeroGrad();
    return loss;
  }

  dispose(): void {
    for (const t of Object.values(this.#batch) as Tensor[]) t.dispose();
    this.#optimizer.dispose();
    this.#model.dispose();
  }
}

export function trainingTask(device: Device, c: TrainingCase): Task {
  const { model, rows, sourceLength, targetLength, dropout } = c;
  let training: Training | null = null;
  const once = (): void => {
    training ??= new Training(device, model, tokenBatch(rows, sourceLength, targetLength, model.vocab), dropout);
    training.step().dispose();
  };
  return {
    run(times) {
      for (let i = 0; i < times; i++) once();
      return device.sync();
    },
    async outputs() {
      const checked = new Training(device, model, checkBatch(c), 0);
      const losses: number[] = [];
      for (let i = 0; i < CHECKED_STEPS; i++) {
        const loss = checked.step();
        losses.push(await loss.item());
        loss.dispose();
      }
      checked.dispose();
      return { losses };
    },
    counts: async () => ({ ...(await countsOf(device, once)), peakBytes: device.memory().peakBytes }),
    dispose() {
      training?.dispose();
      device.destroy();
    },
  };
}

export function decodeTask(device: Device, c: DecodeCase): Task {
  const model = modelOf(device, c.model, 0).eval();
  const { rows, sourceLength, length } = c;
  const ids = decodeSources(c);
  const sources = Array.from({ length: rows }, (_, i) => [...ids.subarray(i * sourceLength, (i + 1) * sourceLength)]);
  const marks = Array.from({ length: FIRST_TOKEN }, (_, i) => i);
  const options = { maxLength: length, bos: START, eos: START + 1, suppress: marks };
  return {
    async run(times) {
      for (let i = 0; i < times; i++) await greedyDecode(model, sources, options);
    },
    outputs: async () => ({ tokens: (await greedyDecode(model, sources, options)).flat() }),
    counts: async () => ({ peakBytes: device.memory().peakBytes }),
    dispose() {
      model.dispose();
      device.destroy();
    },
  };
}

/** Runs once when it is made, on a device of its own, so that the peak is of this alone. */
export async function memoryTask(open: () => Promise<Device>, { measures }: MemoryCase): Promise<Task> {
  const device = await open();
  try {
    const { finite, ...counts } =
      measures.what === 'attention'
        ? { finite: await attention(device, measures.length, measures.composed), peakBytes: device.memory().peakBytes }
        : await trainingPeak(device, measures.training);
    return {
      run() {},
      outputs: async () => ({ peakBytes: [counts.peakBytes], finite: [finite ? 1 : 0] }),
      counts: async () => counts,
      dispose() {},
    };
  } finally {
    device.destroy();
  }
}

/** Forward and backward of attention on [1, 4, L, 64], in one kernel or as the formula says; whether gradients are numbers. */
async function attention(device: Device, length: number, composed: boolean): Promise<boolean> {
  using _ = scope();
  const shape = [1, 4, length, 64];
  const [q, k, v, dy] = [1, 2, 3, 4].map((seed) => randn(shape, { device, seed })) as [Tensor, Tensor, Tensor, Tensor];
  for (const t of [q, k, v]) t.requiresGrad_();
  const scale = 64 ** -0.5;
  const y = scope(() =>
    composed
      ? matmul(softmax(mul(matmul(q, transpose(k)), scale), -1), v)
      : scaledDotProductAttention(q, k, v, { scale }),
  );
  const found = scope(() => gradients(y, [q, k, v], { gradient: dy }));
  const values = await Promise.all(found.map((t) => t!.data()));
  return values.every((array) => (array as Float32Array).every(Number.isFinite));
}

/** The peak of three steps of the trainer, and what `estimateMemory` says before it begins. */
async function trainingPeak(
  device: Device,
  { model: size, rows, sourceLength, targetLength, dropout }: TrainingCase,
): Promise<Counts & { readonly peakBytes: number; readonly finite: boolean }> {
  const tokenizer = Tokenizer.build('words', ['a b c']);
  const tokenizers = { source: tokenizer, target: tokenizer };
  const config = configOf(size, dropout);
  const { source, input } = tokenBatch(rows, sourceLength, targetLength + 1, size.vocab);
  const row = (ids: Int32Array, length: number, i: number): number[] => [...ids.subarray(i * length, (i + 1) * length)];
  const batch = makeBatch(
    Array.from({ length: rows }, (_, i) => ({
      source: row(source, sourceLength, i),
      target: row(input, targetLength + 1, i),
    })),
  );
  const batches = {
    async *batches() {
      for (let i = 0; i < 3; i++) yield batch;
    },
  };
  const training = (model: Transformer) => translationTraining({ model, ...tokenizers }, batches, { epochs: 1 });
  const estimate = await estimateMemory({
    model: (options) => new Transformer(config, options),
    ...{ training, batches: [batch], device },
  });
  using trainer = new Trainer(training(new Transformer(config, { device })));
  let finite = true;
  for await (const { loss } of trainer.run()) finite &&= Number.isFinite(loss);
  return { peakBytes: device.memory().peakBytes, estimatedBytes: estimate.peak, finite };
}
