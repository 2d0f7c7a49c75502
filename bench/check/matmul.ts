import type { OpCase } from '../suite/case.ts';
import { draw, type Values } from '../suite/inputs.ts';
import { difference } from './compare.ts';

/** Row r, column c of a matrix as it lies in memory, or transposed. */
const at = (x: Values, from: number, r: number, c: number, width: number, transposed: boolean): number =>
  x[from + (transposed ? c * width + r : r * width + c)]!;

/**
 * Holds a product against its factors at the cost of reading them (Freivalds 1977): for a random vector r, c·r must be
 * a·(b·r), row by row, in float64. A single wrong or unwritten number shows in its row; two hide only by chance.
 */
export function checkProduct(
  c: OpCase,
  inputs: Readonly<Record<string, Values>>,
  got: ArrayLike<number>,
): string | null {
  const { transposeA = false, transposeB = false } = c.attrs as { transposeA?: boolean; transposeB?: boolean };
  const [shapeA, shapeB] = [c.inputs['a']!.shape, c.inputs['b']!.shape];
  const [a, b] = [inputs['a']!, inputs['b']!];
  const [m, k] = transposeA ? [shapeA.at(-1)!, shapeA.at(-2)!] : [shapeA.at(-2)!, shapeA.at(-1)!];
  const n = transposeB ? shapeB.at(-2)! : shapeB.at(-1)!;
  const batch = a.length / (m * k);
  if (got.length !== batch * m * n) return `output has ${got.length} numbers, expected ${batch * m * n}`;
  const r = draw({ shape: [n] }, 4711);
  const wanted = new Float64Array(batch * m);
  const found = new Float64Array(batch * m);
  for (let i = 0; i < batch; i++) {
    const br = new Float64Array(k);
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) br[p]! += at(b, i * k * n, p, j, transposeB ? k : n, transposeB) * r[j]!;
    for (let row = 0; row < m; row++) {
      let want = 0;
      for (let p = 0; p < k; p++) want += at(a, i * m * k, row, p, transposeA ? m : k, transposeA) * br[p]!;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += got[(i * m + row) * n + j]! * r[j]!;
      wanted[i * m + row] = want;
      found[i * m + row] = sum;
    }
  }
  return difference('output · r', found, wanted);
}
