/** A point of a curve: a step and its value. */
export type Point = readonly [step: number, value: number];

/** More points than this are not told apart on a page. */
const MOST_POINTS = 1200;

/**
 * The running mean beside every loss: exponential over about an eightieth of the run, corrected for its empty start
 * (as Adam corrects its moments).
 */
export function smoothed<T extends { readonly loss: number }>(
  points: readonly T[],
): (T & { readonly smooth: number })[] {
  const beta = 1 - 1 / Math.max(1, points.length / 80);
  let sum = 0;
  let weight = 0;
  return points.map((point) => {
    sum = beta * sum + (1 - beta) * point.loss;
    weight = beta * weight + (1 - beta);
    return { ...point, smooth: sum / weight };
  });
}

/** At most `most` points: of each stretch the one with the least and the one with the largest value, and both ends. */
export function thinned(points: readonly Point[], most = MOST_POINTS): Point[] {
  if (points.length <= most) return [...points];
  const stretches = Math.floor((most - 2) / 2);
  const kept = new Set([0, points.length - 1]);
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * points.length) / stretches);
    const to = Math.floor(((s + 1) * points.length) / stretches);
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      if (points[i]![1] < points[low]![1]) low = i;
      if (points[i]![1] > points[high]![1]) high = i;
    }
    kept.add(low).add(high);
  }
  return points.filter((_, i) => kept.has(i));
}

/** Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, about `wanted` of them. */
export function linearTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** 1, 2 and 5 times every power of ten between `low` and `high`, both above 0. */
export function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const m of [1, 2, 5]) {
      const tick = Number((m * 10 ** power).toPrecision(6));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}
