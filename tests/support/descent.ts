/** Something to descend: parameters, and gradients 0.3·p + noise that a test knows beforehand. */
import { add, type Device, mul, scope, sum, Tensor } from '../../engine/index.ts';
import { Stream } from '../../engine/random.ts';

/** Shapes of the parameters: one element, many, more than one kernel takes at once. */
export const SHAPES = [[3, 5], [1], [70], [2, 3, 4], [16390]];
export const sizes = SHAPES.map((s) => s.reduce((a, b) => a * b, 1));

/** Start values and, for each step, the constant part of each gradient. */
export function problem(seed: number): { start: Float64Array[]; pull: (step: number, i: number) => Float64Array } {
  const values = (stream: number, n: number): Float64Array => {
    const s = new Stream(seed, stream);
    return Float64Array.from({ length: n }, () => Math.fround(s.normal()));
  };
  return { start: sizes.map((n, i) => values(i, n)), pull: (step, i) => values(100 + step * 10 + i, sizes[i]!) };
}

export const makeParameters = (device: Device, start: readonly Float64Array[]): Tensor[] =>
  start.map((values, i) => Tensor.from(device, values, SHAPES[i]!, 'float32').requiresGrad_());

/** Brings gradients 0.3·p + pull to the parameters that take part in a step. */
export function backward(
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

export const always = (): boolean => true;
