import { noGrad } from '../autograd.ts';
import { scope, unscoped } from '../memory.ts';
import { mul } from '../ops/binary.ts';
import { clone } from '../ops/contiguous.ts';
import { rowMajor } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { type TraceUpdate, untraced, watching } from '../trace.ts';

/** What an optimizer tells of its step on one parameter. */
export interface Observed {
  readonly parameter: Tensor;
  readonly optimizer: string;
  /** From 1. */
  readonly step: number;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The factor of all gradients, one element. */
  readonly gradScale: Tensor;
  /** Running means of all parameters by name, and where this one's begin. */
  readonly means: Readonly<Record<string, Tensor>>;
  readonly offset: number;
  /** The running means of this parameter, corrected for their start at 0. */
  readonly correct: (state: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
}

/**
 * Copies what traces want to know of a step before it is taken; the function that it returns copies the rest behind the
 * step and hands all of it to them.
 */
export function observe(observed: Observed): () => void {
  const { parameter, optimizer, step, settings, gradScale, means, offset, correct } = observed;
  const listeners = watching(parameter);
  if (listeners.length === 0 || parameter.grad === null) return () => {};
  const copied = <T>(body: () => T): T => untraced(() => unscoped(() => noGrad(() => scope(body))));
  const own = (mean: Tensor): Tensor =>
    new Tensor(
      mean.storage.retain(),
      { shape: parameter.shape, strides: rowMajor(parameter.shape), offset },
      mean.dtype,
    );
  const first = listeners.map(() =>
    copied(() => ({
      before: clone(parameter.detach()),
      gradient: clone(parameter.grad!),
      clipped: mul(parameter.grad!, gradScale),
    })),
  );
  return () => {
    for (const [i, listener] of listeners.entries()) {
      const last = copied(() => {
        const state = Object.fromEntries(Object.entries(means).map(([name, mean]) => [name, clone(own(mean))]));
        return { after: clone(parameter.detach()), state, corrected: correct(state) };
      });
      const update: Omit<TraceUpdate, 'name'> = { parameter, optimizer, step, settings, ...first[i]!, ...last };
      listener.recordUpdate(update);
    }
  };
}
