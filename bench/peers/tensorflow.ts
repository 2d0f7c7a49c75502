import type { Outputs } from '../check/compare.ts';
import { FOUR } from '../check/index.ts';
import { CHECKED_STEPS, checkBatch } from '../check/model.ts';
import type { Engine, EngineFacts, EngineOptions, Task } from '../engines/engine.ts';
import { type Arithmetic, type Given, give, scores } from '../engines/transformer.ts';
import { ensureWebGPU } from '../engines/webgpu.ts';
import type { BenchCase, OpCase, OverheadCase, TrainingCase } from '../suite/case.ts';
import { ADAM, adamInputs, drawInputs } from '../suite/inputs.ts';
import { parameterValues, type TokenBatch, tokenBatch } from '../suite/models.ts';
import { load, place, versionOf } from './load.ts';
import type { T, Tf, Variable } from './tensorflowApi.ts';

const HOW =
  'tf.tidy around each run, asynchronous reads only, fused.matMul with weights as its layers hold them, tf.train.adam; ';
const HOW_WASM =
  'wasm backend with SIMD (its README: SIMD and threads are used wherever the runtime has them; its threads work in ' +
  'cross-origin isolated pages only, so in Node it computes on one)';
const HOW_WEBGPU =
  'webgpu backend on the same Dawn, one wait for a batch of runs, small tensors on the processor (its default)';

export async function open({ backend, threads, peers }: EngineOptions): Promise<Engine> {
  if (backend === 'webgpu') await ensureWebGPU();
  const tf = (await load(peers, 'tensorflow')) as Tf;
  let used = 1;
  if (backend === 'wasm') {
    tf.wasm.setWasmPaths(place(peers, 'tensorflow')!);
    const threaded = threads > 1 && (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) === true;
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threaded);
    if (threaded) tf.wasm.setThreadsCount((used = threads));
  }
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js: the ${backend} backend did not start`);
  await tf.ready();
  const version = await versionOf(peers, '@tensorflow/tfjs-core');
  const how = HOW + (backend === 'wasm' ? HOW_WASM : HOW_WEBGPU);
  return new TensorFlow(tf, { version, device: backend, software: false, threads: used, how });
}

type Attrs = Readonly<Record<string, unknown>>;
type Named = Readonly<Record<string, T>>;
type Operations = Readonly<Record<string, (x: Named, attrs: Attrs) => T>>;

/** Something that the library has not. */
class Missing extends Error {}

/** heddle's operations in those of TensorFlow.js. */
function operationsOf(tf: Tf): Operations {
  const number = (x: unknown): T => tf.scalar(x as number);
  const axis = ({ dim }: Attrs): number | undefined => dim as number | undefined;
  return {
    matmul: ({ a, b }, { transposeA, transposeB }) => tf.matMul(a!, b!, transposeA === true, transposeB === true),
    // the weight lies as its layers hold it: see weightsAsLayers
    linear: ({ x, weight, bias }) =>
      tf.fused.matMul({ a: x!, b: weight!, transposeB: false, bias: bias!, activation: 'linear' }),
    add: ({ x, y }) => tf.add(x!, y!),
    addScalar: ({ x }, { value = 0 }) => tf.add(x!, number(value)),
    mul: ({ x, y }) => tf.mul(x!, y!),
    mulScalar: ({ x }, { value = 0 }) => tf.mul(x!, number(value)),
    exp: ({ x }) => tf.exp(x!),
    tanh: ({ x }) => tf.tanh(x!),
    relu: ({ x }) => tf.relu(x!),
    silu: ({ x }) => tf.mul(x!, tf.sigmoid(x!)),
    gelu: ({ x }) => tf.mul(tf.mul(x!, number(0.5)), tf.add(tf.erf(tf.mul(x!, number(Math.SQRT1_2))), number(1))),
    sum: ({ x }, attrs) => tf.sum(x!, axis(attrs)),
    mean: ({ x }, attrs) => tf.mean(x!, axis(attrs)),
    amax: ({ x }, attrs) => tf.max(x!, axis(attrs)),
    amin: ({ x }, attrs) => tf.min(x!, axis(attrs)),
    argmax: ({ x }, attrs) => tf.argMax(x!, axis(attrs)),
    argmin: ({ x }, attrs) => tf.argMin(x!, axis(attrs)),
    softmax: ({ x }) => tf.softmax(x!, -1),
    logSoftmax: ({ x }) => tf.logSoftmax(x!, -1),
    logsumexp: ({ x }, attrs) => tf.logSumExp(x!, axis(attrs)),
    cumsum: ({ x }, attrs) => tf.cumsum(x!, axis(attrs)),
    cat: ({ x0, x1 }, attrs) => tf.concat([x0!, x1!], axis(attrs)),
    embedding: ({ indices, weight }) => tf.gather(weight!, indices!),
    indexSelect: ({ x, index }, { dim = 0 }) => tf.gather(x!, index!, dim as number),
    where: ({ condition, x, y }) => tf.where(condition!, x!, y!),
    topk: ({ x }, { k }) => tf.topk(x!, k as number).values,
    layerNorm: ({ x, weight, bias }) => layerNorm(tf, x!, weight!, bias!),
    rmsNorm: ({ x, weight }) =>
      tf.mul(tf.mul(x!, tf.rsqrt(tf.add(tf.mean(tf.square(x!), -1, true), number(1e-5)))), weight!),
    crossEntropy({ logits, target }, { ignoreIndex, labelSmoothing }) {
      if (ignoreIndex !== undefined || labelSmoothing !== undefined)
        throw new Missing('smoothing with ignored classes');
      return meanCrossEntropy(tf, logits!, target!);
    },
    scaledDotProductAttention({ q, k, v }, { isCausal, scale }) {
      const [length, seen] = [q!.shape.at(-2)!, k!.shape.at(-2)!];
      const raw = tf.mul(tf.matMul(q!, k!, false, true), number(scale));
      const mask = (): T => {
        const hidden = Float32Array.from({ length: length * seen }, (_, i) =>
          i % seen > Math.floor(i / seen) ? -1e9 : 0,
        );
        return tf.tensor(hidden, [length, seen], 'float32');
      };
      return tf.matMul(tf.softmax(isCausal === true ? tf.add(raw, mask()) : raw, -1), v!);
    },
  };
}

/** [out, in] → [in, out], once: a transposed operand costs it a factor of ten, and its fused product adds a wrong bias then. */
function weightsAsLayers(tf: Tf, inputs: Record<string, T>): void {
  const given = inputs['weight']!;
  inputs['weight'] = tf.transpose(given, [1, 0]);
  given.dispose();
}

function layerNorm(tf: Tf, x: T, weight: T, bias: T): T {
  const { mean, variance } = tf.moments(x, -1, true);
  const normed = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, tf.scalar(1e-5))));
  return tf.add(tf.mul(normed, weight), bias);
}

/** By one-hot targets: the wasm backend has no kernel for the gradient of a gather. */
function meanCrossEntropy(tf: Tf, logits: T, ids: T): T {
  const hot = tf.cast(tf.oneHot(ids, logits.shape.at(-1)!), 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits, -1), hot), -1)));
}

class TensorFlow implements Engine {
  readonly facts: EngineFacts;
  readonly #tf: Tf;
  readonly #gpu: boolean;

  constructor(tf: Tf, facts: EngineFacts) {
    this.#tf = tf;
    this.#gpu = facts.device === 'webgpu';
    this.facts = facts;
  }

  async prepare(c: BenchCase): Promise<Task | string> {
    switch (c.kind) {
      case 'op':
        return this.#op(c);
      case 'adam':
        return this.#adam(c.count);
      case 'overhead':
        return this.#overhead(c);
      case 'training':
        return this.#training(c);
      case 'decode':
        return 'has no decoder with a cache';
      case 'memory':
        return 'does not tell its peak';
    }
  }

  async close(): Promise<void> {}

  /** On the GPU a number that is computed last is read: the queue runs in order. On wasm a call has run when it returns. */
  #sync(): void | Promise<void> {
    const tf = this.#tf;
    if (!this.#gpu) return;
    const last = tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)));
    return last.data().then(() => last.dispose());
  }

  #task(body: () => Named, dispose: () => void): Task {
    const tf = this.#tf;
    return {
      run: (times) => {
        for (let i = 0; i < times; i++) tf.tidy(() => void body());
        return this.#sync();
      },
      async outputs() {
        const results = tf.tidy(body);
        const read: Record<string, ArrayLike<number>> = {};
        for (const [name, t] of Object.entries(results)) read[name] = await t.data();
        tf.dispose(results);
        return read;
      },
      dispose,
    };
  }

  async #op(c: OpCase): Promise<Task | string> {
    const tf = this.#tf;
    const run = operationsOf(tf)[c.op];
    if (run === undefined) return `has no ${c.op}`;
    if (Object.values(c.inputs).some(({ dtype }) => dtype === 'float16')) return 'has no float16';
    const drawn = drawInputs(c);
    const inputs = Object.fromEntries(
      Object.entries(c.inputs).map(([name, { shape, dtype = 'float32' }]) => [
        name,
        tf.tensor(drawn[name]!, shape, dtype),
      ]),
    );
    if (c.op === 'linear') weightsAsLayers(tf, inputs);
    const { dy, ...given } = inputs;
    const { gradient } = c;
    const body = (): Named => {
      if (gradient === undefined) return { output: run(inputs, c.attrs) };
      // like tf.grads, which would hide the output
      const learnt = gradient.map((name) => given[name]!);
      const { value, grads } = tf.engine().gradients(() => run(given, c.attrs), learnt, dy);
      return { output: value, ...Object.fromEntries(gradient.map((name, i) => [`d ${name}`, grads[i]!])) };
    };
    const task = this.#task(body, () => tf.dispose(inputs));
    try {
      await task.run(1);
    } catch (error) {
      task.dispose();
      return reason(error);
    }
    return task;
  }

  #adam(count: number): Task {
    const tf = this.#tf;
    const { parameters, gradient } = adamInputs(count);
    const g = tf.tensor(gradient.values, [count], 'float32');
    const { lr, beta1, beta2, eps, steps } = ADAM;
    const begin = () => {
      const p = tf.variable(tf.tensor(parameters.values, [count], 'float32'), true, fresh());
      const optimizer = tf.train.adam(lr, beta1, beta2, eps);
      const dispose = (): void => {
        optimizer.dispose();
        p.dispose();
      };
      return { p, step: () => optimizer.applyGradients({ [p.name]: g }), dispose };
    };
    const timed = begin();
    return {
      run: (times) => {
        for (let i = 0; i < times; i++) timed.step();
        return this.#sync();
      },
      async outputs() {
        const { p, step, dispose } = begin();
        for (let i = 0; i < steps; i++) step();
        const values = await p.data();
        dispose();
        return { parameters: values };
      },
      dispose() {
        timed.dispose();
        g.dispose();
      },
    };
  }

  #overhead({ op, pass }: OverheadCase): Task | string {
    const tf = this.#tf;
    if (pass === 'taped') return 'has no tape outside of its gradient functions';
    const shape = op === 'matmul' ? [2, 2] : [4];
    const [x, y] = [tf.tensor(FOUR, shape, 'float32'), tf.tensor(FOUR, shape, 'float32')];
    const dy = tf.tensor(Float32Array.of(1, 1, 1, 1), shape, 'float32');
    const run = {
      add: () => tf.add(x, y),
      matmul: () => tf.matMul(x, y),
      softmax: () => tf.softmax(x, -1),
    }[op];
    const learnt = op === 'softmax' ? [x] : [x, y];
    const body = (): Named => {
      if (pass === 'no gradient') return { output: run() };
      const { value, grads } = tf.engine().gradients(run, learnt, dy);
      return { output: value, 'd x': grads[0]! };
    };
    return this.#task(body, () => tf.dispose([x, y, dy]));
  }

  #training(c: TrainingCase): Task {
    const { model, rows, sourceLength, targetLength, dropout } = c;
    const tf = this.#tf;
    let timed: Training | null = null;
    return {
      run: (times) => {
        timed ??= new Training(tf, c, tokenBatch(rows, sourceLength, targetLength, model.vocab), dropout);
        for (let i = 0; i < times; i++) timed.step().dispose();
        return this.#sync();
      },
      async outputs(): Promise<Outputs> {
        const training = new Training(tf, c, checkBatch(c), 0);
        const losses: number[] = [];
        for (let i = 0; i < CHECKED_STEPS; i++) {
          const loss = training.step();
          losses.push((await loss.data())[0]!);
          loss.dispose();
        }
        training.dispose();
        return { losses };
      },
      dispose: () => timed?.dispose(),
    };
  }
}

const reason = (error: unknown): string =>
  error instanceof Missing ? `has no ${error.message}` : `cannot: ${String(error).split('\n')[0]}`;

/** Names of variables must differ. */
let names = 0;
const fresh = (): string => `bench-${names++}`;

/** What the Transformer is made of. The wasm backend has no gradient of a gather: embeddings are products with one-hot rows. */
const arithmetic = (tf: Tf): Arithmetic<T, T> => ({
  constant: (shape, data) => tf.tensor(Float32Array.from(data), shape, 'float32'),
  ids: (shape, data) => tf.tensor(data, shape, 'int32'),
  add: (a, b) => tf.add(a, b),
  scale: (a, factor) => tf.mul(a, tf.scalar(factor)),
  matmul: (a, b, transposeB) => tf.matMul(a, b, false, transposeB),
  reshape: (a, shape) => tf.reshape(a, shape),
  swapMiddle: (a) => tf.transpose(a, [0, 2, 1, 3]),
  rows(a, from, to) {
    const rest = a.shape.slice(1);
    return tf.slice(a, [from, ...rest.map(() => 0)], [to - from, ...rest]);
  },
  relu: (a) => tf.relu(a),
  softmax: (a) => tf.softmax(a, -1),
  layerNorm: (x, weight, bias) => layerNorm(tf, x, weight, bias),
  embedding(table, ids) {
    const [vocab, d] = table.shape as [number, number];
    const flat = tf.reshape(ids, [ids.shape.reduce((a, b) => a * b, 1)]);
    return tf.reshape(tf.matMul(tf.cast(tf.oneHot(flat, vocab), 'float32'), table), [...ids.shape, d]);
  },
  dropout: (a, p) => tf.dropout(a, p),
  crossEntropy: (logits, ids) => meanCrossEntropy(tf, logits, ids),
});

/** The model in training. */
class Training {
  readonly #tf: Tf;
  readonly #loss: () => T;
  readonly #variables: Readonly<Record<string, Variable>>;
  readonly #given: Given<T, T>;
  readonly #optimizer: ReturnType<Tf['train']['adam']>;

  constructor(tf: Tf, { model }: TrainingCase, batch: TokenBatch, p: number) {
    const { lr, beta1, beta2, eps } = ADAM;
    const m = arithmetic(tf);
    this.#tf = tf;
    this.#variables = Object.fromEntries(
      Object.entries(parameterValues(model)).map(([name, { shape, values }]) => [
        name,
        tf.variable(tf.tensor(values, shape, 'float32'), true, fresh()),
      ]),
    );
    this.#given = give(m, model, batch);
    this.#loss = () => m.crossEntropy(scores(m, this.#variables, model, batch, this.#given, p), this.#given.expected);
    this.#optimizer = tf.train.adam(lr, beta1, beta2, eps);
  }

  step(): T {
    return this.#optimizer.minimize(this.#loss, true, Object.values(this.#variables))!;
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#tf.dispose(this.#variables);
    this.#tf.dispose(this.#given);
  }
}
