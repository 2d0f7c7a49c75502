import {
  Adam,
  type Device,
  gradients,
  MetaDevice,
  noGrad,
  OutOfMemoryError,
  openDevice,
  operations,
  scaledDotProductAttention,
  scope,
  type Tensor,
  tensor,
  transpose,
} from '../../engine/index.ts';
import { version } from '../../package.json';
import type { Outputs } from '../check/compare.ts';
import { FOUR } from '../check/index.ts';
import type { AdamCase, BenchCase, OpCase, OverheadCase } from '../suite/case.ts';
import { ADAM, adamInputs, drawInputs } from '../suite/inputs.ts';
import { countsOf } from './counts.ts';
import type { Engine, EngineFacts, EngineOptions, Task } from './engine.ts';
import { decodeTask, memoryTask, trainingTask } from './heddleModels.ts';

/** heddle through its public API, as any program uses it. Cases with a peak of their own get a device of their own. */
export class HeddleEngine implements Engine {
  readonly facts: EngineFacts;
  readonly #device: Device;
  readonly #options: EngineOptions;

  private constructor(device: Device, options: EngineOptions) {
    this.#device = device;
    this.#options = options;
    const { description, software } = device;
    this.facts = {
      ...{ version, device: description, software },
      threads: options.backend === 'wasm' ? options.threads : 1,
      how: 'a scope around each run frees what it made; nothing is read back between runs; relaxed SIMD where there is any',
    };
  }

  static async open(options: EngineOptions): Promise<HeddleEngine> {
    return new HeddleEngine(await fresh(options), options);
  }

  async prepare(c: BenchCase): Promise<Task | string> {
    switch (c.kind) {
      case 'op':
        return opTask(this.#device, c);
      case 'adam':
        return adamTask(this.#device, c);
      case 'overhead':
        return overheadTask(this.#device, c);
      case 'training':
        return trainingTask(await fresh(this.#options), c);
      case 'decode':
        return decodeTask(await fresh(this.#options), c);
      case 'memory':
        return memoryTask(() => fresh(this.#options), c).catch((error: unknown) => {
          if (error instanceof OutOfMemoryError) return `does not fit: ${error.message}`;
          throw error;
        });
    }
  }

  async close(): Promise<void> {
    this.#device.destroy();
  }
}

const fresh = ({ backend, threads }: EngineOptions): Promise<Device> =>
  openDevice(backend, backend === 'wasm' ? { threads } : {});

/** Values and dtype of every tensor, read off the device. */
async function read(tensors: Readonly<Record<string, Tensor>>): Promise<Outputs> {
  const entries = Object.entries(tensors).map(async ([name, t]): Promise<[string, ArrayLike<number>]> => {
    const float = t.dtype === 'float16' ? t.to('float32') : t;
    return [name, (await float.data()) as ArrayLike<number>];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A task of what `body` makes, in a scope of its own each time; on wasm a call has run when it returns. */
function taskOf(device: Device, body: () => Readonly<Record<string, Tensor>>, dispose: () => void): Task {
  const once = (): void => scope(() => void body());
  return {
    run(times) {
      for (let i = 0; i < times; i++) once();
      return device.name === 'wasm' ? undefined : device.sync();
    },
    async outputs() {
      const results = scope(body);
      try {
        return await read(results);
      } finally {
        for (const t of Object.values(results)) t.dispose();
      }
    },
    counts: () => countsOf(device, once),
    dispose,
  };
}

/** An operation by its name; attention has its heads behind its places inside, and a function that turns them for its users. */
function functionOf(name: string): (inputs: Readonly<Record<string, Tensor>>, attrs: object) => Tensor {
  if (name === 'scaledDotProductAttention') return ({ q, k, v }, attrs) => scaledDotProductAttention(q!, k!, v!, attrs);
  const op = operations().get(name)!;
  return (inputs, attrs) => op.run(inputs, attrs);
}

type Named = Record<string, Tensor>;

/** The inputs of a case on a device, as they are handed over, and the function of them that is timed. */
function opened(device: Device, c: OpCase): { inputs: Named; given: Named; forward: () => Tensor } {
  const drawn = drawInputs(c);
  const inputs: Record<string, Tensor> = {};
  for (const [name, { shape, dtype = 'float32' }] of Object.entries(c.inputs)) {
    const t = tensor(drawn[name]!, { shape, dtype: dtype === 'float16' ? 'float32' : dtype, device });
    inputs[name] = dtype === 'float16' ? t.to('float16') : t;
  }
  for (const name of c.gradient ?? []) inputs[name]!.requiresGrad_();
  const { transposeA, transposeB, ...attrs } = c.attrs;
  const given = { ...inputs };
  if (transposeA === true) given['a'] = transpose(given['a']!);
  if (transposeB === true) given['b'] = transpose(given['b']!);
  // an operation may have an input of its own called dy
  if (c.gradient !== undefined) delete given['dy'];
  const run = functionOf(c.op);
  return { inputs, given, forward: () => run(given, attrs) };
}

/** The shape of what a case gives; nothing is computed. */
export function outputShape(c: OpCase): readonly number[] {
  using _ = scope();
  return noGrad(() => opened(new MetaDevice({ name: 'wasm' }), c).forward().shape);
}

function opTask(device: Device, c: OpCase): Task {
  const { inputs, given, forward } = scope(() => opened(device, c));
  const { gradient } = c;
  const body = (): Record<string, Tensor> => {
    if (gradient === undefined) return { output: noGrad(forward) };
    const output = forward();
    const learnt = gradient.map((name) => inputs[name]!);
    const found = gradients(output, learnt, { gradient: inputs['dy']! });
    return { output, ...Object.fromEntries(gradient.map((name, i) => [`d ${name}`, found[i]!])) };
  };
  return taskOf(device, body, () => {
    for (const t of new Set([...Object.values(given), ...Object.values(inputs)])) t.dispose();
  });
}

/** One tensor and its gradient; what is timed goes on from where it is, what is checked begins anew. */
function adamTask(device: Device, c: AdamCase): Task {
  const drawn = adamInputs(c.count);
  const { lr, beta1, beta2, eps, steps } = ADAM;
  const make = (): { p: Tensor; optimizer: Adam; dispose: () => void } => {
    const p = tensor(drawn.parameters.values, { device }).requiresGrad_();
    p.backward(tensor(drawn.gradient.values, { device }));
    const optimizer = new Adam([p], { lr, betas: [beta1, beta2], eps });
    const dispose = (): void => {
      optimizer.dispose();
      p.grad?.dispose();
      p.dispose();
    };
    return { p, optimizer, dispose };
  };
  const timed = make();
  const once = (): void => timed.optimizer.step();
  return {
    run(times) {
      for (let i = 0; i < times; i++) once();
      return device.name === 'wasm' ? undefined : device.sync();
    },
    async outputs() {
      const { p, optimizer, dispose } = make();
      for (let i = 0; i < steps; i++) optimizer.step();
      const parameters = await p.data();
      dispose();
      return { parameters: parameters as Float32Array };
    },
    counts: () => countsOf(device, once),
    dispose: timed.dispose,
  };
}

function overheadTask(device: Device, { op: name, pass }: OverheadCase): Task {
  const shape = name === 'matmul' ? [2, 2] : [4];
  const make = (): Tensor => tensor(FOUR, { shape, device });
  const [x, y, dy] = [make(), make(), tensor(Float32Array.of(1, 1, 1, 1), { shape, device })];
  const learnt = pass === 'no gradient' ? [] : name === 'softmax' ? [x] : [x, y];
  for (const t of learnt) t.requiresGrad_();
  const op = operations().get(name)!;
  const inputs = { add: { x, y }, matmul: { a: x, b: y }, softmax: { x } }[name];
  const body = (): Record<string, Tensor> => {
    if (pass === 'no gradient') return { output: noGrad(() => op.run(inputs)) };
    const output = op.run(inputs);
    if (pass === 'taped') return { output };
    const [dx] = gradients(output, learnt, { gradient: dy });
    return { output, 'd x': dx! };
  };
  return taskOf(device, body, () => {
    for (const t of [x, y, dy]) t.dispose();
  });
}
