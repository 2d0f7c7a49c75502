import { crossEntropy, type Tensor } from '../../engine/index.ts';
import type { BatchTensors } from '../data/batches.ts';
import type { Transformer } from '../model.ts';

/** Mean cross-entropy of the next token over the places that are not padding: a tensor of one element. */
export function batchLoss(
  model: Transformer,
  { source, input, expected }: BatchTensors,
  labelSmoothing: number,
): Tensor {
  const scores = model.forward(source, input);
  return crossEntropy(scores, expected, { ignoreIndex: model.config.padId, labelSmoothing });
}
