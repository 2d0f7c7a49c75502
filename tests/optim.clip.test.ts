import { beforeAll, describe, expect, it } from 'vitest';
import {
  Adam,
  add,
  clipGradNorm,
  clipGradValue,
  type Device,
  gradNorm,
  mul,
  SGD,
  sum,
  Tensor,
} from '../engine/index.ts';
import { flattenParameters } from '../engine/nn/flat.ts';
import { expectClose } from './support/compare.ts';
import { always, backward, makeParameters, problem } from './support/descent.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
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
