import { scope } from '../memory.ts';
import type { Tensor } from '../tensor.ts';
import { gather } from './gather.ts';
import type { ReduceOptions } from './reduction.ts';
import { reshape } from './views.ts';

/** One element of each line, and where it lies (int32). */
export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** The element of each line along `dim` that `find` names, with the dimension kept; it alone has the gradient. */
export function picked(
  x: Tensor,
  dim: number,
  { keepdim = false }: ReduceOptions,
  find: (x: Tensor, dim: number) => Tensor,
): ValuesAndIndices {
  return scope(() => {
    const from = x.ndim === 0 ? reshape(x, [1]) : x;
    const where = find(from, dim);
    const values = gather(from, dim, where);
    if (keepdim && x.ndim > 0) return { values, indices: where };
    const shape = x.shape.filter((_, d) => d !== (dim + x.ndim) % x.ndim);
    return { values: reshape(values, shape), indices: reshape(where, shape) };
  });
}
