import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Adam,
  AdamW,
  ArgumentError,
  add,
  clipGradNorm,
  clipGradValue,
  constant,
  cosineDecay,
  type Device,
  ExponentialAverage,
  gradNorm,
  linearDecay,
  mul,
  noam,
  type Optimizer,
  openDevice,
  SGD,
  scope,
  sum,
  Tensor,
} from '../engine/index.ts';
import { flattenParameters } from '../engine/nn/flat.ts';
import { Stream } from '../engine/random.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const STEPS = 20;
const SHAPES = [[3, 5], [1], [70], [2, 3, 4], [16390]];
const sizes = SHAPES.map((s) => s.reduce((a, b) => a * b, 1));

/** Start values and, for each step, the constant part of each gradient. */
function problem(seed: number): { start: Float64Array[]; pull: (step: number, i: number) => Float64Array } {
  const values = (stream: number, n: number): Float64Array => {
    const s = new Stream(seed, stream);
    return Float64Array.from({ length: n }, () => Math.fround(s.normal()));
  };
  return { start: sizes.map((n, i) => values(i, n)), pull: (step, i) => values(100 + step * 10 + i, sizes[i]!) };
}

const makeParameters = (device: Device, start: readonly Float64Array[]): Tensor[] =>
  start.map((values, i) => Tensor.from(device, values, SHAPES[i]!, 'float32').requiresGrad_());

/** Brings gradients 0.3·p + pull to the parameters that take part in a step. */
function backward(
  parameters: readonly Tensor[],
  pulls: (i: number) => Float64Array,
  takes: (i: number) => boolean,
): void {
  scope(() => {
    let loss: Tensor | null = null;
    parameters.forEach((p, i) => {
      if (!takes(i)) return;
      const c = Tensor.from(p.device, pulls(i), p.shape, 'float32');
      const term = sum(add(mul(mul(p, p), 0.15), mul(p, c)));
      loss = loss === null ? term : add(loss, term);
    });
    loss!.backward();
  });
}

type Rule = (p: Float64Array, g: Float64Array, state: Float64Array[], t: number) => void;

interface AdamSettings {
  lr: number;
  betas?: [number, number];
  eps?: number;
  weightDecay?: number;
}

const adam =
  ({ lr, betas: [b1, b2] = [0.9, 0.999], eps = 1e-8, weightDecay = 0 }: AdamSettings, decoupled = false): Rule =>
  (p, g, [m, v], t) => {
    p.forEach((_, i) => {
      if (decoupled) p[i]! *= 1 - lr * weightDecay;
      const gi = g[i]! + (decoupled ? 0 : weightDecay * p[i]!);
      m![i] = b1 * m![i]! + (1 - b1) * gi;
      v![i] = b2 * v![i]! + (1 - b2) * gi * gi;
      p[i]! -= ((lr / (1 - b1 ** t)) * m![i]!) / (Math.sqrt(v![i]!) / Math.sqrt(1 - b2 ** t) + eps);
    });
  };

interface SgdSettings {
  lr: number;
  momentum?: number;
  weightDecay?: number;
  nesterov?: boolean;
}

const sgd =
  ({ lr, momentum = 0, weightDecay = 0, nesterov = false }: SgdSettings): Rule =>
  (p, g, [v], t) => {
    p.forEach((_, i) => {
      const gi = g[i]! + weightDecay * p[i]!;
      if (momentum === 0) {
        p[i]! -= lr * gi;
        return;
      }
      v![i] = t === 1 ? gi : momentum * v![i]! + gi;
      p[i]! -= lr * (nesterov ? gi + momentum * v![i]! : v![i]!);
    });
  };

interface Case {
  readonly name: string;
  readonly make: (parameters: readonly Tensor[]) => Optimizer<never>;
  readonly rule: Rule;
}

const W = { lr: 0.01, weightDecay: 0.1 };
const PAPER: AdamSettings = { lr: 0.02, betas: [0.9, 0.98], eps: 1e-9 };
const as = (o: unknown): Optimizer<never> => o as Optimizer<never>;
const CASES: readonly Case[] = [
  { name: 'SGD', make: (p) => as(new SGD(p, { lr: 0.1 })), rule: sgd({ lr: 0.1 }) },
  {
    name: 'SGD, momentum and decay',
    make: (p) => as(new SGD(p, { ...W, momentum: 0.9 })),
    rule: sgd({ ...W, momentum: 0.9 }),
  },
  {
    name: 'SGD, Nesterov',
    make: (p) => as(new SGD(p, { ...W, momentum: 0.8, nesterov: true })),
    rule: sgd({ ...W, momentum: 0.8, nesterov: true }),
  },
  { name: 'Adam', make: (p) => as(new Adam(p)), rule: adam({ lr: 1e-3 }) },
  { name: 'Adam as in the paper', make: (p) => as(new Adam(p, PAPER)), rule: adam(PAPER) },
  { name: 'Adam, decay', make: (p) => as(new Adam(p, W)), rule: adam(W) },
  { name: 'AdamW', make: (p) => as(new AdamW(p)), rule: adam({ lr: 1e-3, weightDecay: 0.01 }, true) },
  { name: 'AdamW, strong decay', make: (p) => as(new AdamW(p, W)), rule: adam(W, true) },
];

/** Steps of the reference; parameters that do not take part in a step are left alone. */
function reference(rule: Rule, seed: number, takes: (step: number, i: number) => boolean): Float64Array[] {
  const { start, pull } = problem(seed);
  const state = start.map((p) => [new Float64Array(p.length), new Float64Array(p.length)]);
  const count = start.map(() => 0);
  for (let step = 0; step < STEPS; step++) {
    start.forEach((p, i) => {
      if (!takes(step, i)) return;
      const c = pull(step, i);
      rule(
        p,
        p.map((v, k) => 0.3 * v + c[k]!),
        state[i]!,
        ++count[i]!,
      );
    });
  }
  return start;
}

async function run(
  device: Device,
  { make }: Case,
  seed: number,
  flat: boolean,
  takes: (step: number, i: number) => boolean,
): Promise<ArrayLike<number>[]> {
  const { start, pull } = problem(seed);
  const parameters = makeParameters(device, start);
  if (flat) flattenParameters(parameters);
  using optimizer = make(parameters);
  for (let step = 0; step < STEPS; step++) {
    backward(
      parameters,
      (i) => pull(step, i),
      (i) => takes(step, i),
    );
    optimizer.step();
    optimizer.zeroGrad();
  }
  const got = await Promise.all(parameters.map((p) => p.data()));
  for (const p of parameters) p.dispose();
  return got;
}

const always = (): boolean => true;

describe('20 steps against float64', () => {
  for (const testCase of CASES) {
    it(testCase.name, async () => {
      const want = reference(testCase.rule, 5, always);
      for (const device of backends) {
        for (const flat of [true, false]) {
          const got = await run(device, testCase, 5, flat, always);
          got.forEach((values, i) => {
            expectClose(values, want[i]!, {
              label: `${testCase.name} on ${device.name}, flat ${flat}, parameter ${i}`,
            });
          });
        }
      }
    });
  }

  it('leaves parameters without a gradient alone, and counts their steps apart', async () => {
    const takes = (step: number, i: number): boolean => (step + i) % 3 !== 0;
    for (const testCase of [CASES[1]!, CASES[4]!, CASES[7]!]) {
      const want = reference(testCase.rule, 6, takes);
      for (const device of backends) {
        const got = await run(device, testCase, 6, true, takes);
        got.forEach((values, i) => {
          expectClose(values, want[i]!, { label: `${testCase.name} on ${device.name}, parameter ${i}` });
        });
      }
    }
  });
});

describe('optimizers', () => {
  it('step a flattened model in one launch, and clip it in three', () => {
    for (const device of backends) {
      const { start, pull } = problem(7);
      const parameters = makeParameters(device, start);
      flattenParameters(parameters);
      using optimizer = new Adam(parameters);
      backward(parameters, (i) => pull(0, i), always);
      optimizer.step();
      backward(parameters, (i) => pull(1, i), always);
      const launches = vi.spyOn(device, 'run');
      optimizer.step();
      expect(launches).toHaveBeenCalledTimes(1);
      clipGradNorm(parameters, 1).dispose();
      expect(launches).toHaveBeenCalledTimes(4);
      launches.mockRestore();
      for (const p of parameters) p.dispose();
    }
  });

  it('give all of their memory back', async () => {
    for (const device of backends) {
      await device.sync();
      const before = device.memory().liveBytes;
      const { start, pull } = problem(7);
      const parameters = makeParameters(device, start);
      flattenParameters(parameters);
      const optimizer = new Adam(parameters);
      scope(() => {
        for (let step = 0; step < 3; step++) {
          backward(parameters, (i) => pull(step, i), always);
          const { scale } = gradNorm(parameters, 1);
          optimizer.step({ gradScale: scale });
          clipGradNorm(parameters, 1);
          clipGradValue(parameters, 0.1);
          optimizer.zeroGrad();
        }
      });
      expect(device.memory().liveBytes).toBeGreaterThan(before);
      optimizer.dispose();
      for (const p of parameters) p.dispose();
      await device.sync();
      expect(device.memory().liveBytes).toBe(before);
    }
  });

  it('have groups with settings of their own', async () => {
    for (const device of backends) {
      const a = Tensor.from(device, [1, 2], [2], 'float32').requiresGrad_();
      const b = Tensor.from(device, [1, 2], [2], 'float32').requiresGrad_();
      using optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.5, weightDecay: 1 }], { lr: 0.1 });
      add(sum(a), sum(b)).backward();
      optimizer.step();
      expectClose(await a.data(), [0.9, 1.9]);
      expectClose(await b.data(), [0, 0.5]);
      optimizer.lr = 0;
      expect(optimizer.paramGroups.map((g) => g.lr)).toEqual([0, 0]);
      expect(optimizer.lr).toBe(0);
    }
  });

  it('go on from a saved state as if nothing had happened', async () => {
    for (const device of backends) {
      for (const make of [(p: Tensor[]) => new AdamW(p, W), (p: Tensor[]) => new SGD(p, { lr: 0.1, momentum: 0.9 })]) {
        const { start, pull } = problem(8);
        const one = makeParameters(device, start);
        flattenParameters(one);
        using first = make(one);
        const step = (parameters: readonly Tensor[], optimizer: AdamW | SGD, at: number): void => {
          // The last parameter never takes a step.
          backward(
            parameters,
            (i) => pull(at, i),
            (i) => i !== 4,
          );
          optimizer.step();
          optimizer.zeroGrad();
        };
        for (let at = 0; at < 5; at++) step(one, first, at);
        first.lr = 0.02;
        const state = structuredClone(await first.stateDict());
        expect(Object.keys(state.state)).toEqual(['0', '1', '2', '3']);
        expect(state.state[0]!.step).toBe(5);
        const two = makeParameters(
          device,
          (await Promise.all(one.map((p) => p.data()))).map((d) => Float64Array.from(d)),
        );
        using second = make(two);
        second.loadStateDict(state as never);
        expect(second.lr).toBe(0.02);
        for (let at = 5; at < 8; at++) {
          step(one, first, at);
          step(two, second, at);
        }
        for (const [i, p] of one.entries()) expect(await two[i]!.data()).toEqual(await p.data());
        for (const p of [...one, ...two]) p.dispose();
      }
    }
  });

  it('refuse what they cannot do', () => {
    const [device] = backends;
    const p = Tensor.from(device!, [1], [1], 'float32').requiresGrad_();
    expect(() => new Adam([])).toThrow(/no parameters/);
    expect(() => new Adam([p, p])).toThrow(/given twice/);
    expect(() => new Adam([mul(p, 2)])).toThrow(/is no parameter/);
    expect(() => new Adam([p], { lr: -1 })).toThrow(/Adam: lr is -1/);
    expect(() => new AdamW([p], { betas: [0.9, 1] })).toThrow(/betas\[1\]/);
    expect(() => new SGD([p], { nesterov: true })).toThrow(/nesterov needs a momentum/);
    expect(() => new SGD([p]).loadStateDict({ state: {}, paramGroups: [] })).toThrow(ArgumentError);
    expect(() => clipGradNorm([], 1)).toThrow(/no parameters/);
    expect(() => clipGradNorm([p], 0)).toThrow(/maxNorm/);
  });
});

describe('clipping', () => {
  it('scales gradients to the norm, and returns the norm before', async () => {
    for (const device of backends) {
      for (const flat of [true, false]) {
        for (const maxNorm of [1, 1e6, Number.POSITIVE_INFINITY]) {
          const { start, pull } = problem(9);
          const parameters = makeParameters(device, start);
          if (flat) flattenParameters(parameters);
          backward(
            parameters,
            (i) => pull(0, i),
            (i) => i !== 1,
          );
          const grads = start.map((p, i) => {
            const c = pull(0, i);
            return p.map((v, k) => (i === 1 ? 0 : 0.3 * v + c[k]!));
          });
          const want = Math.sqrt(grads.reduce((a, g) => a + g.reduce((b, v) => b + v * v, 0), 0));
          const norm = clipGradNorm(parameters, maxNorm);
          expect(norm.shape).toEqual([]);
          expectClose(await norm.data(), [want], { label: `norm on ${device.name}` });
          const scale = Math.min(1, maxNorm / (want + 1e-6));
          expect(parameters[1]!.grad).toBeNull();
          for (const [i, p] of parameters.entries()) {
            if (i !== 1)
              expectClose(
                await p.grad!.data(),
                grads[i]!.map((v) => v * scale),
                { label: `gradient ${i}` },
              );
          }
          for (const t of [...parameters, norm]) t.dispose();
        }
      }
    }
  });

  it('of gradients that share memory or repeat one number', async () => {
    for (const device of backends) {
      const a = Tensor.from(device, [1, 2, 3, 4], [2, 2], 'float32').requiresGrad_();
      const b = Tensor.from(device, [5, 6, 7, 8], [2, 2], 'float32').requiresGrad_();
      const dy = Tensor.from(device, [1, 2, 3, 4], [2, 2], 'float32');
      add(a, b).backward(dy);
      expectClose(await clipGradNorm([a, b], 1).data(), [Math.sqrt(60)]);
      for (const p of [a, b])
        expectClose(
          await p.grad!.data(),
          [1, 2, 3, 4].map((v) => v / Math.sqrt(60)),
        );
      expect(Array.from(await dy.data())).toEqual([1, 2, 3, 4]);
      a.grad = null;
      sum(a).backward();
      using optimizer = new SGD([a], { lr: 1 });
      expectClose(await clipGradNorm([a], 1).data(), [2]);
      optimizer.step();
      expectClose(await a.data(), [0.5, 1.5, 2.5, 3.5]);
    }
  });

  it('inside the step gives the same as before it', async () => {
    for (const device of backends) {
      const { start, pull } = problem(10);
      const [one, two] = [makeParameters(device, start), makeParameters(device, start)];
      flattenParameters(one);
      using first = new Adam(one);
      using second = new Adam(two);
      for (let step = 0; step < 3; step++) {
        for (const p of [one, two]) backward(p, (i) => pull(step, i), always);
        first.step({ gradScale: gradNorm(one, 0.5).scale });
        clipGradNorm(two, 0.5);
        second.step();
        first.zeroGrad();
        second.zeroGrad();
      }
      for (const [i, p] of one.entries()) expectClose(await two[i]!.data(), await p.data());
    }
  });

  it('cuts elements', async () => {
    for (const device of backends) {
      for (const flat of [true, false]) {
        const p = Tensor.from(device, [1, -2, 3], [3], 'float32').requiresGrad_();
        if (flat) flattenParameters([p]);
        sum(mul(p, p)).backward();
        clipGradValue([p], 3);
        expect(Array.from(await p.grad!.data())).toEqual([2, -3, 3]);
        sum(p).backward();
        expect(Array.from(await p.grad!.data())).toEqual([3, -2, 4]);
      }
    }
  });
});

describe('a moving average', () => {
  const settings = [
    { decay: 0.9, steps: 12 },
    { decay: 0, steps: 3 },
    { decay: 0.999, steps: 5 },
  ];

  it('is the weighted mean of what the parameters were, in one launch for a flattened model', async () => {
    for (const device of backends) {
      for (const flat of [true, false]) {
        for (const { decay, steps } of settings) {
          const { start, pull } = problem(11);
          const parameters = makeParameters(device, start);
          if (flat) flattenParameters(parameters);
          using average = new ExponentialAverage(parameters, decay);
          const sums = start.map((p) => new Float64Array(p.length));
          let weights = 0;
          for (let step = 0; step < steps; step++) {
            for (const [i, p] of parameters.entries()) p.copyFrom(pull(step, i));
            sums.forEach((sum, i) => {
              const values = pull(step, i);
              for (let k = 0; k < sum.length; k++) sum[k] = decay * sum[k]! + values[k]!;
            });
            weights = decay * weights + 1;
            const launches = vi.spyOn(device, 'run');
            average.update();
            if (flat && step > 0) expect(launches).toHaveBeenCalledTimes(1);
            launches.mockRestore();
          }
          const label = `${device.name}, flat ${flat}, decay ${decay}`;
          const own = await Promise.all(parameters.map((p) => p.data()));
          const check = (values: readonly ArrayLike<number>[]): void => {
            for (const [i, got] of values.entries()) {
              expectClose(
                got,
                sums[i]!.map((v) => v / weights),
                { label: `${label}, parameter ${i}` },
              );
            }
          };
          check((await average.state()).values);
          average.swap();
          check(await Promise.all(parameters.map((p) => p.data())));
          check((await average.state()).values);
          expect(() => average.update()).toThrow(/swap\(\) them back first/);
          average.swap();
          expect(await Promise.all(parameters.map((p) => p.data()))).toEqual(own);
          for (const p of parameters) p.dispose();
        }
      }
    }
  });

  it('goes on from a state to the last bit, and refuses that of another model', async () => {
    for (const { name } of backends) {
      // a device of its own: on the shared one the collector may free what other tests have left
      const device = await openDevice(name);
      const memory = device.memory().liveBytes;
      const { start, pull } = problem(12);
      const parameters = makeParameters(device, start);
      flattenParameters(parameters);
      using first = new ExponentialAverage(parameters, 0.8);
      using second = new ExponentialAverage(parameters, 0.8);
      expect(() => first.swap()).toThrow(/no average before the first update/);
      for (let step = 0; step < 6; step++) {
        for (const [i, p] of parameters.entries()) p.copyFrom(pull(step, i));
        if (step === 3) second.load(structuredClone(await first.state()));
        first.update();
        if (step >= 3) second.update();
      }
      expect(await second.state()).toEqual(await first.state());
      const { step, values } = await first.state();
      expect(() => second.load({ step, values: values.slice(1) })).toThrow(/state is of another model/);
      expect(() => new ExponentialAverage(parameters, 1)).toThrow(/decay is 1/);
      expect(() => new ExponentialAverage([])).toThrow(/no parameters/);
      first.dispose();
      second.dispose();
      for (const p of parameters) p.dispose();
      await device.sync();
      expect(device.memory().liveBytes).toBe(memory);
      device.destroy();
    }
  });
});

describe('schedules', () => {
  it('noam is equation 3 of the paper', () => {
    const schedule = noam({ dModel: 512 });
    for (const t of [1, 2, 100, 3999, 4000, 4001, 100000]) {
      expect(schedule(t)).toBeCloseTo(512 ** -0.5 * Math.min(t ** -0.5, t * 4000 ** -1.5), 15);
    }
    expect(noam({ dModel: 64, warmup: 10, factor: 2 })(10)).toBeCloseTo((2 / 8) * 10 ** -0.5, 12);
    expect(() => noam({ dModel: 0 })).toThrow(ArgumentError);
  });

  it('constant, linear and cosine rise, fall and end where they should', () => {
    expect([1, 2, 4, 9].map(constant({ lr: 0.4, warmup: 4 }))).toEqual([0.1, 0.2, 0.4, 0.4]);
    const line = linearDecay({ lr: 1, steps: 10, warmup: 2, end: 0.2 });
    expect([1, 2, 6, 10, 99].map((t) => line(t))).toEqual([0.5, 1, 0.6, 0.2, 0.2].map((v) => expect.closeTo(v, 12)));
    const cosine = cosineDecay({ lr: 1, steps: 10, warmup: 2 });
    expect([1, 2, 6, 10, 99].map((t) => cosine(t))).toEqual([0.5, 1, 0.5, 0, 0].map((v) => expect.closeTo(v, 12)));
  });
});
