import { autocast, crossEntropy, type Precision, scope, type Tensor } from '../../engine/index.ts';
import type { Transformer } from '../model/transformer.ts';
import type { BatchTensors } from '../text/data/batches.ts';

/** Mean cross-entropy of the next token over the places that are not padding: a tensor of one element. */
export function batchLoss(
  model: Transformer,
  { source, input, expected }: BatchTensors,
  labelSmoothing: number,
): Tensor {
  const scores = model.forward(source, input);
  return crossEntropy(scores, expected, { ignoreIndex: model.config.padId, labelSmoothing });
}

/** The loss that a step goes back from, in the precision of the run; of what led to it only what the gradient needs is kept. */
export const trainingLoss = (
  model: Transformer,
  tensors: BatchTensors,
  { labelSmoothing, precision }: { readonly labelSmoothing: number; readonly precision: Precision },
): Tensor => autocast(precision, () => scope(() => batchLoss(model, tensors, labelSmoothing)));
