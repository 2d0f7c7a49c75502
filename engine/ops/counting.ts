import type { Backend } from '../backend.ts';
import { Tensor } from '../tensor.ts';

/** 0, 1, … n − 1 as int32, for operations that need the numbers of places. */
export const counting = (n: number, device: Backend): Tensor =>
  Tensor.from(
    device,
    Int32Array.from({ length: n }, (_, i) => i),
    [n],
    'int32',
  );
