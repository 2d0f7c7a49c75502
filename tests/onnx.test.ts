/** Exported graphs in ONNX Runtime against the model they were made of. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, Generator, noGrad, openDevice, Stream, scope, type Tensor, tensor } from '../engine/index.ts';
import { encodeOnnx } from '../transformer/export/onnx/index.ts';
import { encodeModel, joinParts } from '../transformer/export/onnx/proto.ts';
import { BOS, greedyDecode, Transformer, type TransformerConfig } from '../transformer/index.ts';
import { OnnxModel, readOnnx, values } from './support/onnx.ts';

const small = { srcVocab: 37, tgtVocab: 41, dModel: 32, heads: 4, layers: 2, feedForward: 48 };
const CONFIGS: Readonly<Record<string, TransformerConfig>> = {
  'pre-norm, ReLU': { ...small, normFirst: true },
  'post-norm, GELU, one matrix for all, padding 3': {
    ...small,
    srcVocab: 41,
    activation: 'gelu',
    sharedEmbeddings: true,
    tiedOutput: true,
    padId: 3,
  },
  'RMSNorm, SwiGLU, rotary, tied output': {
    ...small,
    normFirst: true,
    norm: 'rms',
    activation: 'swiglu',
    positions: 'rotary',
    tiedOutput: true,
  },
  'post-norm RMSNorm, learned positions, shared embeddings': {
    ...small,
    srcVocab: 41,
    norm: 'rms',
    positions: 'learned',
    maxLength: 320,
    sharedEmbeddings: true,
  },
};
/** The bound on every logit. */
const BOUND = 1e-4;

type Rows = readonly (readonly number[])[];
const random = new Stream(11, 0);

/** Rows of these lengths, of tokens that are no padding. */
const draw = (lengths: readonly number[], vocab: number, padId: number): number[][] =>
  lengths.map((length) => Array.from({ length }, () => (padId + 1 + random.integer(vocab - 1)) % vocab));

/** The largest difference, NaN where anything is; both sides must say something. */
function farthest(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length);
  const spread = Math.max(...Array.from(want)) - Math.min(...Array.from(want));
  expect(spread).toBeGreaterThan(1);
  return Array.from(want).reduce((most, w, i) => Math.max(most, Math.abs(got[i]! - w)), 0);
}

let host: Device;
beforeAll(async () => {
  host = await openDevice('wasm', { threads: 1 });
});
afterAll(() => host.destroy());

/** A model whose biases, norms and embeddings are no zeros and ones, as after training. */
async function newModel(config: TransformerConfig): Promise<Transformer> {
  const model = new Transformer(config, { device: host, generator: new Generator(5) }).eval();
  for (const p of model.parameters()) {
    if (p.ndim === 1) p.copyFrom(Float32Array.from(await p.data(), (x) => x + 0.3 * random.normal()));
  }
  return model;
}

describe.each(Object.entries(CONFIGS))('%s', (_name, given) => {
  let model: Transformer;
  let onnx: OnnxModel;
  let padId: number;
  beforeAll(async () => {
    model = await newModel(given);
    padId = model.config.padId;
    onnx = await OnnxModel.load(encodeOnnx(model.config, await model.stateDict()), padId);
  });
  afterAll(async () => {
    await onnx?.release();
    model?.dispose();
  });

  const upload = (rows: Rows): Tensor => {
    const width = Math.max(...rows.map((row) => row.length));
    const filled = rows.map((row) => [...row, ...new Array<number>(width - row.length).fill(padId)]);
    return tensor(filled, { dtype: 'int32', device: host });
  };

  /** What heddle makes of them: memory, and scores of all places. */
  async function expected(
    sources: Rows,
    targets: Rows,
  ): Promise<{ memory: ArrayLike<number>; logits: ArrayLike<number> }> {
    using _ = scope();
    const [source, target] = [upload(sources), upload(targets)];
    const padding = model.padding(source);
    const memory = noGrad(() => model.encode(source, padding));
    const logits = noGrad(() => model.decode(target, memory, padding));
    return { memory: await memory.data(), logits: await logits.data() };
  }

  it.each([
    ['one sentence', [7], [5]],
    ['one token each', [1], [1]],
    ['three sentences with padding on both sides', [9, 4, 6], [3, 8, 5]],
    ['long ones', [300], [270]],
  ])('the same memory and logits: %s', async (_case, sourceLengths, targetLengths) => {
    const sources = draw(sourceLengths, model.config.srcVocab, padId);
    const targets = draw(targetLengths, model.config.tgtVocab, padId);
    const want = await expected(sources, targets);
    const encoded = await onnx.encode(sources);
    const got = await onnx.decode(sources, targets, encoded['memory']!);
    const off = [farthest(values(encoded, 'memory'), want.memory), farthest(got, want.logits)];
    expect(Math.max(...off)).toBeLessThanOrEqual(BOUND);
  });

  it('the decoder with a cache gives the same, a prefix first and then one token after another', async () => {
    const sources = draw([9, 4, 6], model.config.srcVocab, padId);
    const targets = draw([7, 7, 7], model.config.tgtVocab, padId);
    const { logits } = await expected(sources, targets);
    const past = onnx.past(await onnx.encode(sources));
    const vocab = model.config.tgtVocab;
    const got = new Float32Array(logits.length);
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 6],
      [6, 7],
    ] as const) {
      const new_ = targets.map((row) => row.slice(from, to));
      const said = await onnx.step(sources, new_, past);
      const width = (to - from) * vocab;
      for (const row of sources.keys()) {
        got.set(said.subarray(row * width, (row + 1) * width), (row * 7 + from) * vocab);
      }
    }
    expect(farthest(got, logits)).toBeLessThanOrEqual(BOUND);
  });

  it('greedy decoding around it writes what heddle writes', async () => {
    const sources = draw([5, 9, 2, 7], model.config.srcVocab, padId);
    const limits = { maxLength: 20, suppress: [padId, BOS] };
    expect(await onnx.greedy(sources, limits)).toEqual(await greedyDecode(model, sources, limits));
  });
});

describe('the files', () => {
  it.each(Object.entries(CONFIGS))('are sound graphs, with each weight once: %s', async (_name, config) => {
    const model = await newModel(config);
    const { sharedEmbeddings, srcVocab, dModel } = model.config;
    const weights: Record<string, number> = {};
    for (const [file, encoded] of Object.entries(encodeOnnx(model.config, await model.stateDict()))) {
      const { ir, opset, nodes, initializers, inputs, outputs } = readOnnx(joinParts(encoded));
      expect([ir, opset, [...new Set(nodes.map((node) => node.domain))]]).toEqual([8, 17, ['']]);
      expect(new Set(nodes.map((node) => node.name)).size).toBe(nodes.length);
      // every value is made once, before it is used, and all that is made is used
      const given = [...inputs, ...initializers.map((tensor) => tensor.name)];
      const known = new Set(given);
      expect(known.size).toBe(given.length);
      for (const node of nodes) {
        expect(node.inputs.filter((name) => !known.has(name))).toEqual([]);
        expect(node.outputs.filter((name) => known.has(name))).toEqual([]);
        for (const name of node.outputs) known.add(name);
      }
      const used = new Set([...nodes.flatMap((node) => node.inputs), ...outputs]);
      expect([...known].filter((name) => !used.has(name))).toEqual([]);
      expect(nodes.some((node) => node.name === `${file.split(/[_.]/)[0]}.layers.0.self_attn.scores`)).toBe(true);
      weights[file] = initializers
        .filter(({ name }) => /^(transformer|src_embed|tgt_embed|generator)\./.test(name))
        .reduce((n, { bytes }) => n + bytes / 4, 0);
    }
    // what translates, encoder and decoder with a cache, has the model once; a shared matrix is in both
    const twice = sharedEmbeddings ? srcVocab * dModel : 0;
    expect(weights['encoder.onnx']! + weights['decoder_with_past.onnx']!).toBe(model.parameterCount + twice);
    model.dispose();
  });

  it('above 2 GiB are refused before anything is made', () => {
    const shape = [2 ** 15, 2 ** 14];
    const values = (): never => expect.fail('asked for values');
    const weight = { name: 'w', type: 'float32', shape, byteLength: 2 ** 31, values } as const;
    const graph = { name: 'decoder', doc: '', nodes: [], initializers: [weight], inputs: [], outputs: [] };
    expect(() => encodeModel({ graph, producerVersion: '0', metadata: {} })).toThrow(
      /^ONNX: the file of decoder would have 2\.00 GiB.*PyTorch/,
    );
  });
});
