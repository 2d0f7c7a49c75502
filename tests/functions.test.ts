import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, Tensor } from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const floats = (device: Device, values: readonly number[]): Tensor =>
  Tensor.from(device, values, [values.length], 'float32');

const [INF, NAN] = [Number.POSITIVE_INFINITY, Number.NaN];

describe('elementwise functions at the ends', () => {
  it('are what C and PyTorch have', async () => {
    const ends: [string, (x: Tensor) => Tensor, number[], number[]][] = [
      ['log1p', (x) => x.log1p(), [-1, -2, 0, INF, NAN], [-INF, NAN, 0, INF, NAN]],
      ['expm1', (x) => x.expm1(), [-INF, INF, 0, 200, NAN], [-1, INF, 0, INF, NAN]],
      ['asin', (x) => x.asin(), [1.5, -1.5, 0, NAN], [NAN, NAN, 0, NAN]],
      ['acos', (x) => x.acos(), [1.5, -1.5, 1, NAN], [NAN, NAN, 0, NAN]],
      ['tan', (x) => x.tan(), [INF, -INF, 0, NAN], [NAN, NAN, 0, NAN]],
      ['sinh', (x) => x.sinh(), [INF, -INF, 0, 200, NAN], [INF, -INF, 0, INF, NAN]],
      ['cosh', (x) => x.cosh(), [INF, -INF, 0, 200, NAN], [INF, INF, 1, INF, NAN]],
      ['trunc', (x) => x.trunc(), [-1.7, 1.7, -0.2, INF, NAN], [-1, 1, -0, INF, NAN]],
      ['elu', (x) => x.elu(), [-INF, INF, 0], [-1, INF, 0]],
      ['softplus', (x) => x.softplus(), [-INF, INF, 500, -500], [0, INF, 500, 0]],
    ];
    for (const device of backends) {
      for (const [name, f, given, want] of ends) {
        const got = Array.from(await f(floats(device, given)).data(), (v) => v + 0);
        expect(got, `${name} on ${device.name}`).toEqual(want.map((v) => v + 0));
      }
      const [y, x] = [
        [0, -0, 0, -0, 1, -1, INF, INF, -INF, 3, NAN],
        [1, 1, -1, -1, 0, 0, INF, -INF, -INF, INF, 1],
      ];
      const want = y.map((v, i) => Math.fround(Math.atan2(v, x[i]!)));
      const got = await floats(device, y).atan2(floats(device, x)).data();
      got.forEach((v, i) => {
        if (Number.isNaN(want[i])) expect(v).toBeNaN();
        else expect(v, `atan2(${y[i]}, ${x[i]}) on ${device.name}`).toBeCloseTo(want[i]!, 6);
      });
    }
  });

  it('fmod and remainder are exact, whatever the quotient', async () => {
    const s = new Stream(2);
    const draw = (): number => Math.fround(s.normal() * 10 ** (s.integer(30) - 15));
    const x = Array.from({ length: 3000 }, draw);
    const y = Array.from({ length: 3000 }, draw);
    const floored = (a: number, b: number): number => {
      const r = a % b;
      return r !== 0 && r < 0 !== b < 0 ? Math.fround(r + b) : r;
    };
    for (const device of backends) {
      const [a, b] = [floats(device, x), floats(device, y)];
      expect(await a.fmod(b).data(), device.name).toEqual(Float32Array.from(x, (v, i) => v % y[i]!));
      expect(await a.remainder(b).data(), device.name).toEqual(Float32Array.from(x, (v, i) => floored(v, y[i]!)));
      const edges = await floats(device, [1, INF, 5, NAN])
        .fmod(floats(device, [0, 2, INF, 1]))
        .data();
      expect(Array.from(edges), device.name).toEqual([NAN, NAN, 5, NAN]);
      const whole = Tensor.from(device, [7, -7, 6], [3], 'int32').remainder(5);
      expect([whole.dtype, await whole.tolist()], device.name).toEqual(['int32', [2, 3, 1]]);
    }
  });

  it('activations have second derivatives', async () => {
    const forms: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
      softplus: [(x) => x.softplus({ beta: 2 }), (x) => 1 / (1 + Math.exp(-2 * x))],
      leakyRelu: [(x) => x.leakyRelu(0.3), (x) => (x > 0 ? 1 : 0.3)],
      elu: [(x) => x.elu(0.7), (x) => (x > 0 ? 1 : 0.7 * Math.exp(x))],
      hardswish: [(x) => x.hardswish(), (x) => (x < -3 ? 0 : x > 3 ? 1 : (2 * x + 3) / 6)],
      quickGelu: [
        (x) => x.quickGelu(),
        (x) => {
          const s = 1 / (1 + Math.exp(-1.702 * x));
          return s + 1.702 * x * s * (1 - s);
        },
      ],
    };
    const values = [-4, -1.5, -0.2, 0.3, 2, 5];
    for (const device of backends) {
      for (const [name, [f, slope]] of Object.entries(forms)) {
        const x = floats(device, values).requiresGrad_();
        f(x).sum().backward(undefined, { createGraph: true });
        const first = x.grad!;
        expectClose(await first.data(), values.map(slope), { label: `${name} on ${device.name}` });
        const curve = values.map((v) => (slope(v + 1e-5) - slope(v - 1e-5)) / 2e-5);
        if (name === 'leakyRelu') continue;
        x.grad = null;
        first.sum().backward();
        expectClose(await x.grad!.data(), curve, {
          relative: 1e-4,
          absolute: 1e-5,
          label: `${name}″ on ${device.name}`,
        });
      }
    }
  });
});
