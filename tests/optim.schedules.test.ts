import { describe, expect, it } from 'vitest';
import { ArgumentError, constant, cosineDecay, linearDecay, noam, stepDecay, warmup } from '../engine/index.ts';

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

  it('a warm-up goes before any of them', () => {
    const schedule = warmup(4, stepDecay({ lr: 1, stepSize: 2 }));
    expect([1, 2, 4, 5, 6, 7].map((t) => schedule(t))).toEqual(
      [0.2, 0.4, 0.8, 1, 1, 0.1].map((v) => expect.closeTo(v, 12)),
    );
    expect(() => stepDecay({ lr: 1, stepSize: 0 })).toThrow(ArgumentError);
  });
});
