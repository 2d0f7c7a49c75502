import { ShapeError, show } from '../errors.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { broadcastShapes, broadcastStrides, rowMajor, type Shape, sizeOf } from '../shape.ts';

/** Shape of a[.., m, k] · b[.., k, n], or what is wrong with it. */
export function productShape(op: string, a: Shape, b: Shape): number[] {
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) {
    throw new ShapeError(
      `${op}: ${show(a)} times ${show(b)}: the inner sizes ${a.at(-1)} and ${b.at(-2)} differ. Transpose or reshape one side.`,
    );
  }
  return [...broadcastShapes(op, a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!];
}

/** The product in float64; rows of b are added up, so that the innermost loop runs along memory. */
export function productReference(a: NDArray, b: NDArray): NDArray {
  const out = ndarray(productShape('matmul', a.shape, b.shape));
  const [m, k, n] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const batch = out.shape.slice(0, -2);
  const stepsOf = (x: NDArray): number[] =>
    broadcastStrides({ shape: x.shape.slice(0, -2), strides: rowMajor(x.shape).slice(0, -2) }, batch);
  const [aSteps, bSteps] = [stepsOf(a), stepsOf(b)];
  const places = rowMajor(batch);
  for (let z = 0; z < sizeOf(batch); z++) {
    const at = (steps: number[]): number =>
      steps.reduce((sum, step, d) => sum + step * (Math.floor(z / places[d]!) % batch[d]!), 0);
    const [aBase, bBase] = [at(aSteps), at(bSteps)];
    for (let i = 0; i < m; i++) {
      const row = (z * m + i) * n;
      for (let p = 0; p < k; p++) {
        const x = a.data[aBase + i * k + p]!;
        for (let j = 0; j < n; j++) out.data[row + j]! += x * b.data[bBase + p * n + j]!;
      }
    }
  }
  return out;
}
