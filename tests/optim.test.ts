import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Adafactor,
  Adam,
  AdamW,
  ArgumentError,
  add,
  clipGradNorm,
  clipGradValue,
  type Device,
  gradNorm,
  Lion,
  mul,
  type Optimizer,
  RMSprop,
  SGD,
  scope,
  sum,
  Tensor,
} from '../engine/index.ts';
import { flattenParameters } from '../engine/nn/flat.ts';
import { expectClose } from './support/compare.ts';
import { always, backward, makeParameters, problem, SHAPES, sizes } from './support/descent.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const STEPS = 20;

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

/** torch.optim.RMSprop. */
const rmsprop =
  ({ lr = 0.01, alpha = 0.99, eps = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = {}): Rule =>
  (p, g, [s, m, v]) => {
    p.forEach((_, i) => {
      const gi = g[i]! + weightDecay * p[i]!;
      s![i] = alpha * s![i]! + (1 - alpha) * gi * gi;
      m![i] = alpha * m![i]! + (1 - alpha) * gi;
      const d = gi / (Math.sqrt(s![i]! - (centered ? m![i]! ** 2 : 0)) + eps);
      v![i] = momentum * v![i]! + d;
      p[i]! -= lr * v![i]!;
    });
  };

/** Chen et al. 2023, algorithm 2. */
const lion =
  ({ lr = 1e-4, betas: [b1, b2] = [0.9, 0.99], weightDecay = 0 } = {}): Rule =>
  (p, g, [m]) => {
    p.forEach((_, i) => {
      const c = b1! * m![i]! + (1 - b1!) * g[i]!;
      p[i]! -= lr * (Math.sign(c) + weightDecay * p[i]!);
      m![i] = b2! * m![i]! + (1 - b2!) * g[i]!;
    });
  };

/** torch.optim.Adafactor, for the shape that has so many elements. */
const adafactor =
  ({ lr = 0.01, beta2Decay = -0.8, eps = [2 ** -23, 1e-3], d = 1, weightDecay = 0 } = {}): Rule =>
  (p, g, [row, column], t) => {
    const shape = SHAPES[sizes.indexOf(p.length)]!;
    const n = shape.at(-1)!;
    const m = shape.length > 1 ? shape.at(-2)! : 1;
    const share = t ** beta2Decay;
    const size = (x: Float64Array): number => Math.sqrt(x.reduce((a, v) => a + v * v, 0) / x.length);
    const update = g.slice();
    const rate = Math.max(eps[1]!, size(p)) * Math.min(lr, 1 / Math.sqrt(t));
    for (let at = 0; at < p.length; at += m * n) {
      const of = (i: number, j: number): number => g[at + i * n + j]! ** 2;
      if (shape.length === 1) {
        for (let j = 0; j < n; j++) {
          row![j] = (1 - share) * row![j]! + share * of(0, j);
          update[j]! /= Math.sqrt(Math.max(row![j]!, eps[0]! ** 2));
        }
        continue;
      }
      const indices = (k: number): number[] => Array.from({ length: k }, (_, i) => i);
      for (const i of indices(m)) {
        const mean = indices(n).reduce((a, j) => a + of(i, j), 0) / n;
        row![at + i] = (1 - share) * row![at + i]! + share * mean;
      }
      for (const j of indices(n)) {
        const mean = indices(m).reduce((a, i) => a + of(i, j), 0) / m;
        column![at + j] = (1 - share) * column![at + j]! + share * mean;
      }
      const all = indices(m).reduce((a, i) => a + row![at + i]!, 0) / m;
      for (const i of indices(m)) {
        for (const j of indices(n)) {
          const variance = (row![at + i]! * column![at + j]!) / Math.max(all, eps[0]!);
          update[at + i * n + j]! /= Math.sqrt(Math.max(variance, eps[0]! ** 2));
        }
      }
    }
    const calm = rate / Math.max(1, size(update) / d);
    p.forEach((v, i) => {
      p[i] = v * (1 - lr * weightDecay) - calm * update[i]!;
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
  { name: 'RMSprop', make: (p) => as(new RMSprop(p)), rule: rmsprop() },
  {
    name: 'RMSprop, centered, momentum and decay',
    make: (p) => as(new RMSprop(p, { ...W, alpha: 0.9, momentum: 0.5, centered: true })),
    rule: rmsprop({ ...W, alpha: 0.9, momentum: 0.5, centered: true }),
  },
  { name: 'Lion', make: (p) => as(new Lion(p, W)), rule: lion(W) },
  { name: 'Adafactor', make: (p) => as(new Adafactor(p)), rule: adafactor() },
  {
    name: 'Adafactor, decay',
    make: (p) => as(new Adafactor(p, { ...W, d: 2, beta2Decay: -0.5 })),
    rule: adafactor({ ...W, d: 2, beta2Decay: -0.5 }),
  },
];

/** Steps of the reference; parameters that do not take part in a step are left alone. */
function reference(rule: Rule, seed: number, takes: (step: number, i: number) => boolean): Float64Array[] {
  const { start, pull } = problem(seed);
  const state = start.map((p) => Array.from({ length: 3 }, () => new Float64Array(p.length)));
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
    for (const testCase of [CASES[1]!, CASES[4]!, CASES[7]!, CASES[9]!, CASES[11]!]) {
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
      const makers: readonly ((p: Tensor[]) => AdamW | SGD | RMSprop | Lion | Adafactor)[] = [
        (p) => new AdamW(p, W),
        (p) => new SGD(p, { lr: 0.1, momentum: 0.9 }),
        (p) => new RMSprop(p, { momentum: 0.5, centered: true }),
        (p) => new Lion(p),
        (p) => new Adafactor(p),
      ];
      for (const make of makers) {
        const { start, pull } = problem(8);
        const one = makeParameters(device, start);
        flattenParameters(one);
        using first = make(one);
        const step = (parameters: readonly Tensor[], optimizer: ReturnType<typeof make>, at: number): void => {
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
