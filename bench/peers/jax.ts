import type { Outputs } from '../check/compare.ts';
import { FOUR } from '../check/index.ts';
import { CHECKED_STEPS, checkBatch } from '../check/model.ts';
import type { Engine, EngineFacts, EngineOptions, Task } from '../engines/engine.ts';
import { type Arithmetic, type Given, give, scores } from '../engines/transformer.ts';
import { ensureWebGPU } from '../engines/webgpu.ts';
import type { BenchCase, OpCase, OverheadCase, TrainingCase } from '../suite/case.ts';
import { ADAM, adamInputs, drawInputs } from '../suite/inputs.ts';
import { parameterValues, type TokenBatch, tokenBatch } from '../suite/models.ts';
import type { A, Jax } from './jaxApi.ts';
import { load, versionOf } from './load.ts';

const HOW =
  'everything inside jit() (its README: it fuses operations and records the graph), arguments kept by .ref and arrays ' +
  'disposed, blockUntilReady() once for up to 16 runs; ';
const HOW_WASM =
  'wasm device, which takes threads by itself where there are Worker and SharedArrayBuffer: in pages; in Node it computes on one';
const HOW_WEBGPU = 'webgpu device, which it recommends, on the same Dawn';

export async function open({ backend, threads, peers }: EngineOptions): Promise<Engine> {
  if (backend === 'webgpu') await ensureWebGPU();
  const pooled = backend === 'wasm' && typeof Worker !== 'undefined' && typeof SharedArrayBuffer !== 'undefined';
  // it starts as many workers as it reads here
  if (pooled) Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads, configurable: true });
  ensureIteratorHelpers();
  const jax = (await load(peers, 'jax')) as Jax;
  if (!(await jax.init(backend)).includes(backend)) throw new Error(`jax-js: the ${backend} backend did not start`);
  jax.defaultDevice(backend);
  const version = await versionOf(peers, '@jax-js/jax');
  const how = HOW + (backend === 'wasm' ? HOW_WASM : HOW_WEBGPU);
  return new JaxEngine(jax, { version, device: backend, software: false, threads: pooled ? threads : 1, how });
}

/** jax-js uses iterator helpers, which Node has from version 22 on. */
function ensureIteratorHelpers(): void {
  const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as Record<string, unknown>;
  iterator['map'] ??= function* (this: Iterable<unknown>, f: (x: unknown) => unknown) {
    for (const x of this) yield f(x);
  };
  iterator['filter'] ??= function* (this: Iterable<unknown>, f: (x: unknown) => unknown) {
    for (const x of this) if (f(x)) yield x;
  };
  iterator['toArray'] ??= function (this: Iterable<unknown>) {
    return [...this];
  };
}

type Attrs = Readonly<Record<string, unknown>>;
type Named = Readonly<Record<string, A>>;

/** Runs whose results are waited for together. */
const HELD = 16;

/** Something that the library has not. */
class Missing extends Error {}

/** heddle's operations in those of jax-js. */
function operationsOf({ numpy: np, nn, lax }: Jax): Readonly<Record<string, (x: Named, attrs: Attrs) => A>> {
  const axis = ({ dim }: Attrs): number | undefined => dim as number | undefined;
  return {
    matmul: ({ a, b }, { transposeA, transposeB }) =>
      np.matmul(transposeA === true ? np.matrixTranspose(a!) : a!, transposeB === true ? np.matrixTranspose(b!) : b!),
    linear: ({ x, weight, bias }) => np.matmul(x!, np.matrixTranspose(weight!)).add(bias!),
    add: ({ x, y }) => x!.add(y!),
    addScalar: ({ x }, { value = 0 }) => x!.add(value as number),
    mul: ({ x, y }) => x!.mul(y!),
    mulScalar: ({ x }, { value = 0 }) => x!.mul(value as number),
    exp: ({ x }) => np.exp(x!),
    tanh: ({ x }) => np.tanh(x!),
    relu: ({ x }) => nn.relu(x!),
    silu: ({ x }) => nn.silu(x!),
    gelu: ({ x }) => nn.gelu(x!, { approximate: false }),
    sum: ({ x }, attrs) => np.sum(x!, axis(attrs)),
    mean: ({ x }, attrs) => np.mean(x!, axis(attrs)),
    amax: ({ x }, attrs) => np.max(x!, axis(attrs)),
    amin: ({ x }, attrs) => np.min(x!, axis(attrs)),
    argmax: ({ x }, attrs) => np.argmax(x!, axis(attrs)),
    argmin: ({ x }, attrs) => np.argmin(x!, axis(attrs)),
    softmax: ({ x }) => nn.softmax(x!, -1),
    logSoftmax: ({ x }) => nn.logSoftmax(x!, -1),
    logsumexp: ({ x }, attrs) => nn.logsumexp(x!, axis(attrs)),
    cumsum: ({ x }, attrs) => np.cumsum(x!, axis(attrs)),
    cat: ({ x0, x1 }, attrs) => np.concatenate([x0!, x1!], axis(attrs)),
    embedding: ({ indices, weight }) => np.take(weight!, indices!, 0),
    indexSelect: ({ x, index }, { dim = 0 }) => np.take(x!, index!, dim as number),
    gather: ({ x, index }, { dim }) => np.takeAlongAxis(x!, index!, dim as number),
    tril: ({ x }) => np.tril(x!),
    triu: ({ x }) => np.triu(x!),
    topk: ({ x }, { k }) => lax.topK(x!, k as number)[0],
    layerNorm: ({ x, weight, bias }) => layerNorm(np, x!, weight!, bias!),
    rmsNorm: ({ x, weight }) =>
      x!.ref.div(np.sqrt(np.mean(np.square(x!), -1, { keepdims: true }).add(1e-5))).mul(weight!),
    crossEntropy({ logits, target }, { ignoreIndex, labelSmoothing }) {
      if (ignoreIndex !== undefined || labelSmoothing !== undefined)
        throw new Missing('smoothing with ignored classes');
      return meanCrossEntropy(np, nn, logits!, target!);
    },
    scaledDotProductAttention({ q, k, v }, { isCausal, scale }) {
      // it wants [batch, places, heads, width]
      const [a, b, c] = [q!, k!, v!].map((x) => np.swapaxes(x, 1, 2)) as [A, A, A];
      const options = { scale: scale as number, isCausal: isCausal === true };
      return np.swapaxes(nn.dotProductAttention(a, b, c, options), 1, 2);
    },
  };
}

function layerNorm(np: Jax['numpy'], x: A, weight: A, bias: A): A {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(weight)
    .add(bias);
}

function meanCrossEntropy(np: Jax['numpy'], nn: Jax['nn'], logits: A, ids: A): A {
  const hot = nn.oneHot(ids, logits.shape.at(-1)!).astype(np.float32);
  return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(hot), -1)).neg();
}

class JaxEngine implements Engine {
  readonly facts: EngineFacts;
  readonly #jax: Jax;

  constructor(jax: Jax, facts: EngineFacts) {
    this.#jax = jax;
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

  #array(values: Float32Array | Int32Array, shape: readonly number[]): A {
    return this.#jax.numpy.array(values).reshape(shape);
  }

  /** `f` gives its arrays to the caller. They are computed when they are asked for: each must be waited for, or nothing runs. */
  #task(f: () => A[], names: readonly string[], dispose: () => void): Task {
    const jax = this.#jax;
    return {
      async run(times) {
        for (let left = times; left > 0; left -= HELD) {
          const results = Array.from({ length: Math.min(left, HELD) }, f);
          await jax.blockUntilReady(results);
          for (const x of results.flat()) x.dispose();
        }
      },
      async outputs() {
        const results = f();
        const read: Record<string, ArrayLike<number>> = {};
        for (const [i, name] of names.entries()) read[name] = await results[i]!.data();
        return read;
      },
      dispose,
    };
  }

  async #op(c: OpCase): Promise<Task | string> {
    const jax = this.#jax;
    const { float16, float32 } = jax.numpy;
    const run = operationsOf(jax)[c.op];
    if (run === undefined) return `has no ${c.op}`;
    const drawn = drawInputs(c);
    const names = Object.keys(c.inputs);
    const half = Object.values(c.inputs).some(({ dtype }) => dtype === 'float16');
    const inputs = names.map((name) => {
      const x = this.#array(drawn[name]!, c.inputs[name]!.shape);
      return half ? x.astype(float16) : x;
    });
    const named = (xs: readonly A[]): Record<string, A> => Object.fromEntries(names.map((name, i) => [name, xs[i]!]));
    const { gradient } = c;
    const f = (...xs: A[]): A[] => {
      if (gradient === undefined) {
        const y = run(named(xs), c.attrs);
        return [half ? y.astype(float32) : y];
      }
      const { dy, ...given } = named(xs);
      const own = (learnt: readonly A[]): Named => Object.fromEntries(gradient.map((name, i) => [name, learnt[i]!]));
      const [y, pull] = jax.vjp(
        (...learnt) => run({ ...given, ...own(learnt) }, c.attrs),
        gradient.map((name) => given[name]!),
      );
      return [y, ...pull(dy!)];
    };
    const jitted = jax.jit(f);
    const results = ['output', ...(gradient ?? []).map((name) => `d ${name}`)];
    const task = this.#task(
      () => jitted(...inputs.map((x) => x.ref)),
      results,
      () => {
        for (const x of inputs) x.dispose();
      },
    );
    try {
      await task.run(1);
    } catch (error) {
      task.dispose();
      return error instanceof Missing ? `has no ${error.message}` : `cannot: ${String(error).split('\n')[0]}`;
    }
    return task;
  }

  #adam(count: number): Task {
    const jax = this.#jax;
    const { parameters, gradient } = adamInputs(count);
    const g = this.#array(gradient.values, [count]);
    const update = jax.jit((p: A, grad: A, m: A, v: A, t: A) => adamStep(jax.numpy, [p, m, v], grad, t));
    const begin = () => {
      let step = 0;
      const zeros = new Float32Array(count);
      let state = [parameters.values, zeros, zeros].map((x) => this.#array(x, [count]));
      const next = (): void => {
        const [p, m, v] = state as [A, A, A];
        state = update(p, g.ref, m, v, this.#array(corrections(++step), [2]));
      };
      return { next, state: () => state };
    };
    const timed = begin();
    return {
      async run(times) {
        for (let i = 0; i < times; i++) timed.next();
        await jax.blockUntilReady(timed.state());
      },
      async outputs() {
        const checked = begin();
        for (let i = 0; i < ADAM.steps; i++) checked.next();
        const [p, ...means] = checked.state();
        for (const x of means) x.dispose();
        return { parameters: await p!.data() };
      },
      dispose() {
        for (const x of [g, ...timed.state()]) x.dispose();
      },
    };
  }

  /** Eager: for one operation on four numbers a call of a jitted function costs more. */
  #overhead({ op, pass }: OverheadCase): Task | string {
    const jax = this.#jax;
    if (pass === 'taped') return 'has no tape between calls; it traces functions';
    const shape = op === 'matmul' ? [2, 2] : [4];
    const [x, y, dy] = [FOUR, FOUR, Float32Array.of(1, 1, 1, 1)].map((v) => this.#array(v, shape)) as [A, A, A];
    const run = {
      add: (a: A, b: A) => a.add(b),
      matmul: (a: A, b: A) => jax.numpy.matmul(a, b),
      softmax: (a: A) => jax.nn.softmax(a, -1),
    }[op];
    const inputs = (): A[] => (op === 'softmax' ? [x.ref] : [x.ref, y.ref]);
    const f = (): A[] => {
      if (pass === 'no gradient') return [run(...(inputs() as [A, A]))];
      const [output, pull] = jax.vjp((...xs) => run(...(xs as [A, A])), inputs());
      const [dx, ...others] = pull(dy.ref);
      pull.dispose?.();
      for (const other of others) other.dispose();
      return [output, dx!];
    };
    return this.#task(f, pass === 'no gradient' ? ['output'] : ['output', 'd x'], () => {
      for (const a of [x, y, dy]) a.dispose();
    });
  }

  #training(c: TrainingCase): Task {
    const { model, rows, sourceLength, targetLength, dropout } = c;
    const jax = this.#jax;
    let timed: Training | null = null;
    return {
      async run(times) {
        timed ??= new Training(jax, c, tokenBatch(rows, sourceLength, targetLength, model.vocab), dropout);
        for (let i = 0; i < times; i++) timed.step().dispose();
        await jax.blockUntilReady(timed.parameters);
      },
      async outputs(): Promise<Outputs> {
        const training = new Training(jax, c, checkBatch(c), 0);
        const losses: number[] = [];
        for (let i = 0; i < CHECKED_STEPS; i++) losses.push((await training.step().data())[0]!);
        training.dispose();
        return { losses };
      },
      dispose: () => timed?.dispose(),
    };
  }
}

/** 1/(1 − β1ᵗ), 1/(1 − β2ᵗ): data, so that one traced step serves all. */
const corrections = (t: number): Float32Array => Float32Array.of(1 / (1 - ADAM.beta1 ** t), 1 / (1 - ADAM.beta2 ** t));

/** Parameters and both means after one step. */
function adamStep(np: Jax['numpy'], [p, m, v]: readonly [A, A, A], g: A, t: A): [A, A, A] {
  const { lr, beta1, beta2, eps } = ADAM;
  const [first, second] = [t.ref.slice([0, 1]), t.slice([1, 2])];
  const m1 = m.mul(beta1).add(g.ref.mul(1 - beta1));
  const v1 = v.mul(beta2).add(np.square(g).mul(1 - beta2));
  const shape = p.shape;
  const step = m1.ref
    .mul(first.reshape(shape.map(() => 1)))
    .div(np.sqrt(v1.ref.mul(second.reshape(shape.map(() => 1)))).add(eps));
  return [p.sub(step.mul(lr)), m1, v1];
}

/** What the Transformer is made of. Operands are taken by reference: the step is traced once, what is left over is the trace's. */
const arithmetic = ({ numpy: np, nn, random }: Jax, key: () => A): Arithmetic<A, A> => ({
  constant: (shape, data) => np.array(Float32Array.from(data)).reshape(shape),
  ids: (shape, data) => np.array(data).reshape(shape),
  add: (a, b) => a.ref.add(b.ref),
  scale: (a, factor) => a.ref.mul(factor),
  matmul: (a, b, transposeB) => np.matmul(a.ref, transposeB ? np.matrixTranspose(b.ref) : b.ref),
  reshape: (a, shape) => a.ref.reshape(shape),
  swapMiddle: (a) => a.ref.transpose([0, 2, 1, 3]),
  rows: (a, from, to) => a.ref.slice([from, to]),
  relu: (a) => nn.relu(a.ref),
  softmax: (a) => nn.softmax(a.ref, -1),
  layerNorm: (a, weight, bias) => layerNorm(np, a.ref, weight.ref, bias.ref),
  embedding: (table, ids) => np.take(table.ref, ids.ref, 0),
  dropout: (a, p) => a.ref.mul(random.bernoulli(key(), 1 - p, a.shape).astype(np.float32)).mul(1 / (1 - p)),
  crossEntropy: (logits, ids) => meanCrossEntropy(np, nn, logits.ref, ids.ref),
});

type Tree = Record<string, A>;
type Step = (p: Tree, m: Tree, v: Tree, given: Given<A, A>, t: A, key: A) => [A, Tree, Tree, Tree];
/** More keys than a step draws. */
const KEYS = 64;

/** The model in training: forward, backward and Adam are one traced function. */
class Training {
  readonly #jax: Jax;
  readonly #step: Step;
  readonly #given: Given<A, A>;
  #state: [Tree, Tree, Tree];
  #steps = 0;

  constructor(jax: Jax, { model }: TrainingCase, batch: TokenBatch, p: number) {
    this.#jax = jax;
    const { numpy: np } = jax;
    let keys: A | null = null;
    let drawn = 0;
    const m = arithmetic(jax, () => keys!.ref.slice([drawn, ++drawn]).reshape([2]));
    this.#given = give(m, model, batch);
    const values = Object.entries(parameterValues(model));
    const tree = (of: (v: Float32Array) => Float32Array): Tree =>
      Object.fromEntries(
        values.map(([name, { shape, values: v }]) => [name, np.array(of(v as Float32Array)).reshape(shape)]),
      );
    const zeros = (v: Float32Array): Float32Array => new Float32Array(v.length);
    this.#state = [tree((v) => v), tree(zeros), tree(zeros)];
    this.#step = jax.jit<Step>((parameters, means, squares, given, t, key) => {
      drawn = 0;
      keys = p === 0 ? null : jax.random.split(key.ref, KEYS);
      const loss = (own: Tree): A => m.crossEntropy(scores(m, own, model, batch, given, p), given.expected);
      const [value, gradients] = jax.valueAndGrad(loss)(jax.tree.ref(parameters));
      const next: [Tree, Tree, Tree] = [{}, {}, {}];
      for (const [name, own] of Object.entries(parameters)) {
        const after = adamStep(np, [own.ref, means[name]!, squares[name]!], gradients[name]!, t.ref);
        for (const [i, x] of after.entries()) next[i]![name] = x;
      }
      return [value, ...next];
    });
  }

  get parameters(): Tree {
    return this.#state[0];
  }

  step(): A {
    const { tree, random, numpy: np } = this.#jax;
    const step = ++this.#steps;
    const t = np.array(corrections(step));
    const [loss, ...state] = this.#step(...this.#state, tree.ref(this.#given), t, random.key(step));
    this.#state = state;
    return loss;
  }

  dispose(): void {
    this.#jax.tree.dispose(this.#state);
    this.#jax.tree.dispose(this.#given);
  }
}
