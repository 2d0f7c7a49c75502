import { ShapeError, show } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './binary.ts';
import { matmul } from './matmul.ts';
import { unsqueeze } from './views.ts';

/**
 * Products under the names that say which dimensions they take; `matmul` does all of them but `outer`, and `einsum` the
 * rest.
 */

function check(op: string, x: Tensor, y: Tensor, ranks: readonly [number, number], expected: string): void {
  if (x.ndim === ranks[0] && y.ndim === ranks[1]) return;
  throw new ShapeError(
    `${op}: ${show(x.shape)} and ${show(y.shape)}. Expected ${expected}; matmul takes other shapes.`,
  );
}

/** Σ x_i · y_i of two vectors of equal length, as a scalar. */
export function dot(x: Tensor, y: Tensor): Tensor {
  check('dot', x, y, [1, 1], 'two vectors');
  return matmul(x, y);
}

/** A matrix [m, n] times a vector [n] → [m]. */
export function mv(x: Tensor, vector: Tensor): Tensor {
  check('mv', x, vector, [2, 1], 'a matrix and a vector');
  return matmul(x, vector);
}

/** Matrices [b, m, k] times matrices [b, k, n] → [b, m, n]. Nothing is broadcast. */
export function bmm(x: Tensor, y: Tensor): Tensor {
  check('bmm', x, y, [3, 3], '[b, m, k] and [b, k, n]');
  if (x.shape[0] !== y.shape[0]) {
    throw new ShapeError(
      `bmm: batches of ${x.shape[0]} and ${y.shape[0]}. They must be equal; matmul broadcasts them.`,
    );
  }
  return matmul(x, y);
}

/** x_i · y_j of two vectors → [m, n]. */
export function outer(x: Tensor, y: Tensor): Tensor {
  check('outer', x, y, [1, 1], 'two vectors');
  const column = unsqueeze(x, 1);
  const product = mul(column, y);
  column.dispose();
  return product;
}
