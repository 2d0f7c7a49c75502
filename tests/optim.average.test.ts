import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Device, ExponentialAverage, openDevice } from '../engine/index.ts';
import { flattenParameters } from '../engine/nn/flat.ts';
import { expectClose } from './support/compare.ts';
import { makeParameters, problem } from './support/descent.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});
afterEach(() => {
  vi.restoreAllMocks();
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
