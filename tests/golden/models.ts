import type { Device, HostTensor, Module, Tensor } from '../../engine/index.ts';
import * as h from '../../engine/index.ts';
import { batchLoss, SimpleTransformer, Transformer } from '../../transformer/index.ts';
import { type Comparison, PendingCase } from './compare.ts';
import type { Golden, ModelGolden } from './files.ts';

/** Tensors of one model below `MODEL/part/`. */
function part(golden: Golden, model: string, name: string): Record<string, HostTensor> {
  const prefix = `${model}/${name}/`;
  return Object.fromEntries(
    Object.entries(golden.modelTensors).flatMap(([key, t]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), t]] : [],
    ),
  );
}

function one(golden: Golden, name: string): HostTensor {
  const t = golden.modelTensors[name];
  if (t === undefined) throw new h.ArgumentError(`golden: models.safetensors has no ${name}.`);
  return t;
}

const upload = ({ data, shape, dtype }: HostTensor, device: Device): Tensor => h.tensor(data, { shape, dtype, device });

async function compareGradients(module: Module, want: Record<string, HostTensor>): Promise<Comparison[]> {
  const own = new Map(module.namedParameters());
  return Promise.all(
    Object.entries(want).map(async ([name, t]) => {
      const grad = own.get(name)?.grad ?? null;
      const got = (await grad?.data()) ?? [];
      return { what: `gradient of ${name}`, got, shape: grad?.shape ?? null, want: t, relative: 1e-4, absolute: 1e-6 };
    }),
  );
}

const output = async (t: Tensor, want: HostTensor): Promise<Comparison> => ({
  what: 'output',
  got: await t.data(),
  shape: t.shape,
  want,
  relative: 1e-5,
  absolute: 1e-6,
});

async function runSeed({ model: name, config }: ModelGolden, golden: Golden, device: Device): Promise<Comparison[]> {
  const c = config as {
    vocab_size: number;
    embedding_dim: number;
    num_heads: number;
    num_layers: number;
    dim_feedforward: number;
    batch_first: boolean;
    causal: boolean;
  };
  const options = { device, feedForward: c.dim_feedforward, dropout: 0, batchFirst: c.batch_first };
  using model = new SimpleTransformer(c.vocab_size, c.embedding_dim, c.num_heads, c.num_layers, options);
  model.loadStateDict(part(golden, name, 'param'));
  using _ = h.scope();
  const inputs = part(golden, name, 'in');
  const out = model.forward(upload(inputs['src']!, device), upload(inputs['tgt']!, device), { causal: c.causal });
  out.square().mean().backward();
  return [
    await output(out, one(golden, `${name}/out`)),
    ...(await compareGradients(model, part(golden, name, 'grad'))),
  ];
}

interface TranslatorConfig {
  src_vocab: number;
  tgt_vocab: number;
  d_model: number;
  nhead: number;
  num_layers: number;
  dim_feedforward: number;
  norm_first: boolean;
  activation: 'relu' | 'gelu';
  tied: boolean;
  pad_id: number;
}

interface Training {
  optimizer: 'adam' | 'adamw' | 'sgd';
  lr: number;
  betas: [number, number] | null;
  eps: number | null;
  momentum: number | null;
  weight_decay: number;
  label_smoothing: number;
  clip_grad_norm: number;
  steps: number;
}

function makeOptimizer(t: Training, parameters: Tensor[]): h.SGD | h.Adam | h.AdamW {
  const { lr, weight_decay: weightDecay } = t;
  if (t.optimizer === 'sgd') return new h.SGD(parameters, { lr, momentum: t.momentum ?? 0, weightDecay });
  const options = { lr, betas: t.betas ?? ([0.9, 0.999] as [number, number]), eps: t.eps ?? 1e-8, weightDecay };
  return t.optimizer === 'adamw' ? new h.AdamW(parameters, options) : new h.Adam(parameters, options);
}

async function runTranslator(
  { model: name, config, training }: ModelGolden,
  golden: Golden,
  device: Device,
): Promise<Comparison[]> {
  const c = config as unknown as TranslatorConfig;
  const t = training as unknown as Training;
  using model = new Transformer(
    {
      srcVocab: c.src_vocab,
      tgtVocab: c.tgt_vocab,
      dModel: c.d_model,
      heads: c.nhead,
      layers: c.num_layers,
      feedForward: c.dim_feedforward,
      dropout: 0,
      activation: c.activation,
      normFirst: c.norm_first,
      sharedEmbeddings: c.tied,
      tiedOutput: c.tied,
      padId: c.pad_id,
    },
    { device },
  );
  model.loadStateDict(part(golden, name, 'param'));
  const optimizer = makeOptimizer(t, model.flattenParameters().parameters());
  using _ = h.scope();
  const inputs = part(golden, name, 'in');
  const source = upload(inputs['src']!, device);
  const target = upload(inputs['tgt']!, device);
  const length = target.shape[1]!;
  const batch = { source, input: h.narrow(target, 1, 0, length - 1), expected: h.narrow(target, 1, 1, length - 1) };
  const results: Comparison[] = [await output(model.forward(batch.source, batch.input), one(golden, `${name}/out`))];
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 0; step < t.steps; step++) {
    using _step = h.scope();
    const loss = batchLoss(model, batch, t.label_smoothing);
    loss.backward();
    if (step === 0) results.push(...(await compareGradients(model, part(golden, name, 'grad'))));
    const norm = h.clipGradNorm(model.parameters(), t.clip_grad_norm);
    optimizer.step();
    optimizer.zeroGrad();
    losses.push(await loss.item());
    norms.push(await norm.item());
  }
  const series = (what: string, got: number[], want: HostTensor): Comparison => ({
    what,
    got,
    shape: [got.length],
    want,
    relative: 1e-3,
    absolute: 0,
    measure: 'each',
  });
  results.push(series('losses', losses, one(golden, `${name}/losses`)));
  results.push(series('gradient norms', norms, one(golden, `${name}/grad_norms`)));
  const final = await model.stateDict();
  for (const [key, want] of Object.entries(part(golden, name, 'after'))) {
    const got = final[key];
    results.push({
      what: `${key} after training`,
      ...withoutKeyBias(key, got?.data ?? [], got?.shape ?? null, want),
      relative: 1e-2,
      absolute: 0,
    });
  }
  return results;
}

/** The key third of an attention bias has a true gradient of zero; what Adam makes of its rounding means nothing. */
function withoutKeyBias(
  name: string,
  got: ArrayLike<number>,
  shape: readonly number[] | null,
  want: HostTensor,
): Pick<Comparison, 'got' | 'shape' | 'want'> {
  if (!name.endsWith('in_proj_bias') || shape === null) return { got, shape, want };
  const third = want.data.length / 3;
  const cut = (v: ArrayLike<number>): Float32Array =>
    Float32Array.from(v).filter((_, i) => i < third || i >= 2 * third);
  return { got: cut(got), shape: [2 * third], want: { dtype: 'float32', shape: [2 * third], data: cut(want.data) } };
}

function runNoam({ config, lr = {} }: ModelGolden): Comparison[] {
  const { d_model: dModel, warmup } = config as { d_model: number; warmup: number };
  const schedule = h.noam({ dModel, warmup });
  const steps = Object.keys(lr);
  const want: HostTensor = {
    dtype: 'float32',
    shape: [steps.length],
    data: Float64Array.from(Object.values(lr)) as never,
  };
  return [
    {
      what: 'learning rates',
      got: steps.map((s) => schedule(Number(s))),
      shape: [steps.length],
      want,
      relative: 1e-6,
      absolute: 0,
      measure: 'each',
    },
  ];
}

/** Runs one model case. */
export async function runModel(model: ModelGolden, golden: Golden, device: Device): Promise<Comparison[]> {
  switch (model.kind) {
    case 'seed':
      return runSeed(model, golden, device);
    case 'translator':
      return runTranslator(model, golden, device);
    case 'noam':
      return runNoam(model);
    default:
      throw new PendingCase(`models of kind ${model.kind} are not built`);
  }
}
