import type * as Ort from 'onnxruntime-web';
import { type HostTensor, MetaDevice } from '../../engine/index.ts';
import { encodeOnnx } from '../../transformer/export/onnx/index.ts';
import { Transformer } from '../../transformer/index.ts';
import type { Outputs } from '../check/compare.ts';
import { FOUR } from '../check/index.ts';
import { decodeSources, START } from '../check/model.ts';
import type { Engine, EngineFacts, EngineOptions, Task } from '../engines/engine.ts';
import { outputShape } from '../engines/heddle.ts';
import { ensureWebGPU } from '../engines/webgpu.ts';
import type { BenchCase, DecodeCase, OpCase, OverheadCase } from '../suite/case.ts';
import { drawInputs, type Values } from '../suite/inputs.ts';
import { FIRST_TOKEN, parameterValues } from '../suite/models.ts';
import { load, place, versionOf } from './load.ts';
import { type OpModel, opModel, overheadModel } from './onnxGraphs.ts';

const HOW = 'one session for each model, graphOptimizationLevel all (the default), weights inside the model; float32 ';
const HOW_WASM =
  'wasm execution provider with SIMD and env.wasm.numThreads as many as heddle has; inputs are copied in and outputs out, as its API does';
const HOW_WEBGPU =
  'webgpu execution provider, inputs and outputs kept in GPU buffers (its guide to the WebGPU provider, "IO binding")';

type Session = Ort.InferenceSession;
type Tensor = Ort.Tensor;

export async function open({ backend, threads, peers }: EngineOptions): Promise<Engine> {
  if (backend === 'webgpu') await ensureWebGPU();
  const ort = (await load(peers, backend === 'webgpu' ? 'onnxruntime-webgpu' : 'onnxruntime')) as typeof Ort;
  const files = place(peers, 'onnxruntime');
  if (files !== null) ort.env.wasm.wasmPaths = files;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const version = await versionOf(peers, 'onnxruntime-web');
  const engine = new OnnxRuntime(ort, backend === 'webgpu', {
    ...{ version, device: backend, software: false, threads: backend === 'wasm' ? threads : 1 },
    how: HOW + (backend === 'wasm' ? HOW_WASM : HOW_WEBGPU),
  });
  await engine.probe();
  return engine;
}

class OnnxRuntime implements Engine {
  readonly facts: EngineFacts;
  readonly #ort: typeof Ort;
  readonly #gpu: boolean;

  constructor(ort: typeof Ort, gpu: boolean, facts: EngineFacts) {
    this.#ort = ort;
    this.#gpu = gpu;
    this.facts = facts;
  }

  /** Fails here where the execution provider does not start, rather than in the first case. */
  async probe(): Promise<void> {
    const { inputs, bytes } = overheadModel('add');
    const session = await this.#session(bytes);
    await session.run(Object.fromEntries(inputs.map((name) => [name, new this.#ort.Tensor('float32', FOUR, [4])])));
    await session.release();
  }

  async prepare(c: BenchCase): Promise<Task | string> {
    switch (c.kind) {
      case 'op':
        return this.#op(c);
      case 'overhead':
        return this.#overhead(c);
      case 'decode':
        return this.#decode(c);
      case 'adam':
      case 'training':
        return 'does not train';
      case 'memory':
        return 'does not tell its peak';
    }
  }

  async close(): Promise<void> {}

  #session(bytes: Uint8Array): Promise<Session> {
    return this.#ort.InferenceSession.create(bytes, {
      executionProviders: [this.#gpu ? 'webgpu' : 'wasm'],
      logSeverityLevel: 3,
      ...(this.#gpu && { preferredOutputLocation: 'gpu-buffer' as const }),
    });
  }

  async #op(c: OpCase): Promise<Task | string> {
    if (c.gradient !== undefined) return 'has no gradients';
    const drawn = drawInputs(c);
    const made = opModel(c, drawn, outputShape(c));
    if (made === null) return `has no ${c.op} of this kind`;
    const shapes = Object.fromEntries(Object.entries(c.inputs).map(([name, { shape }]) => [name, shape]));
    return this.#task(made, drawn, shapes);
  }

  async #overhead({ op, pass }: OverheadCase): Promise<Task | string> {
    if (pass !== 'no gradient') return 'has no gradients';
    const shape = op === 'matmul' ? [2, 2] : [4];
    return this.#task(overheadModel(op), { x: FOUR, y: FOUR }, { x: shape, y: shape });
  }

  async #task(
    { bytes, inputs }: OpModel,
    drawn: Readonly<Record<string, Values>>,
    shapes: Readonly<Record<string, readonly number[]>>,
  ): Promise<Task | string> {
    const buffers: GPUBuffer[] = [];
    let session: Session;
    try {
      session = await this.#session(bytes);
    } catch (error) {
      return `cannot: ${String(error).split('\n')[0]}`;
    }
    const feeds: Record<string, Tensor> = {};
    for (const name of inputs) feeds[name] = await this.#tensor(drawn[name]!, shapes[name]!, buffers);
    const once = async (): Promise<Tensor> => (await session.run(feeds))['output'] as Tensor;
    return {
      run: async (times) => {
        for (let i = 0; i < times; i++) (await once()).dispose();
        if (this.#gpu) await (await this.#device()).queue.onSubmittedWorkDone();
      },
      async outputs(): Promise<Outputs> {
        const output = await once();
        const data = output.location === 'gpu-buffer' ? await output.getData() : output.data;
        return { output: data instanceof BigInt64Array ? Array.from(data, Number) : (data as Float32Array) };
      },
      dispose() {
        void session.release();
        for (const buffer of buffers) buffer.destroy();
      },
    };
  }

  #device(): Promise<GPUDevice> {
    return this.#ort.env.webgpu.device as unknown as Promise<GPUDevice>;
  }

  /** int32 indices are int64 in ONNX. On the GPU floats are put into a buffer once. */
  async #tensor(values: Values, shape: readonly number[], buffers: GPUBuffer[]): Promise<Tensor> {
    const { Tensor } = this.#ort;
    const dims = [...shape];
    if (values instanceof Int32Array) return new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    if (!this.#gpu) return new Tensor('float32', values, dims);
    const device = await this.#device();
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const size = Math.ceil(values.byteLength / 16) * 16;
    const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
    device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
    buffers.push(buffer);
    return Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims });
  }

  /** Our own export: the encoder once, then the decoder with a cache, and the most probable token found in JavaScript. */
  async #decode(c: DecodeCase): Promise<Task | string> {
    const { vocab, ...size } = c.model;
    const { config } = new Transformer(
      { ...size, srcVocab: vocab, tgtVocab: vocab },
      { device: new MetaDevice({ name: 'wasm' }) },
    );
    const state = Object.fromEntries(
      Object.entries(parameterValues(c.model)).map(([name, { shape, values }]): [string, HostTensor] => [
        name,
        { shape, dtype: 'float32', data: values },
      ]),
    );
    const files = encodeOnnx(config, state);
    const session = async (file: string): Promise<Session> => this.#session(joined(files[file]!));
    const [encoder, decoder] = [await session('encoder.onnx'), await session('decoder_with_past.onnx')];
    const greedy = (): Promise<number[]> => decodeGreedily(this.#ort, encoder, decoder, c);
    return {
      async run(times) {
        for (let i = 0; i < times; i++) await greedy();
      },
      outputs: async () => ({ tokens: await greedy() }),
      dispose() {
        void encoder.release();
        void decoder.release();
      },
    };
  }
}

function joined(model: Iterable<Uint8Array> & { readonly byteLength: number }): Uint8Array {
  const bytes = new Uint8Array(model.byteLength);
  let at = 0;
  for (const part of model) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Ids of all rows, one row after another. */
async function decodeGreedily(
  { Tensor }: typeof Ort,
  encoder: Session,
  decoder: Session,
  c: DecodeCase,
): Promise<number[]> {
  const { rows, sourceLength, length } = c;
  const { vocab } = c.model;
  const ids = (values: ArrayLike<number>, width: number): Tensor =>
    new Tensor('int64', BigInt64Array.from(Array.from(values), BigInt), [rows, width]);
  const attention_mask = ids(new Array<number>(rows * sourceLength).fill(1), sourceLength);
  const encoded = await encoder.run({ input_ids: ids(decodeSources(c), sourceLength), attention_mask });
  const past: Record<string, Ort.OnnxValue> = {};
  for (const [name, value] of Object.entries(encoded)) {
    if (!name.startsWith('present.')) continue;
    const [batch = 0, heads = 0, , width = 0] = (value as Tensor).dims;
    const key = name.replace('present', 'past_key_values');
    past[key] = value;
    past[key.replace('encoder', 'decoder')] = new Tensor('float32', [], [batch, heads, 0, width]);
  }
  const written = Array.from({ length: rows }, (): number[] => []);
  for (let n = 0; n < length; n++) {
    const input_ids = ids(
      written.map((row) => row.at(-1) ?? START),
      1,
    );
    const outputs = await decoder.run({ ...past, input_ids, encoder_attention_mask: attention_mask });
    const logits = (outputs['logits'] as Tensor).data as Float32Array;
    for (const [i, row] of written.entries()) {
      let best = FIRST_TOKEN;
      for (let id = FIRST_TOKEN; id < vocab; id++) if (logits[i * vocab + id]! > logits[i * vocab + best]!) best = id;
      row.push(best);
    }
    for (const [name, value] of Object.entries(outputs)) {
      if (name !== 'logits') past[name.replace('present', 'past_key_values')] = value;
    }
  }
  return written.flat();
}
