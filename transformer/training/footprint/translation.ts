import type { Device, ModuleOptions } from '../../../engine/index.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Translator } from '../../model/translate.ts';
import { type TrainOptions, translationTraining } from '../translation.ts';
import { estimateMemory, type MemoryEstimate } from './estimate.ts';
import { type BatchShape, batchOf, shapeOf } from './shapes.ts';

/** A translator that will be trained, and how. */
export interface TranslatorEstimateOptions extends Omit<TrainOptions, 'steps' | 'epochs' | 'validation'> {
  /** Makes the model, on the device that the options name. */
  readonly model: (options: ModuleOptions) => Transformer;
  readonly tokenizers: Pick<Translator, 'source' | 'target'>;
  /** Where it will be trained. */
  readonly device: Pick<Device, 'name'>;
}

/**
 * The memory that training a translator will take, by {@link estimateMemory}. `shapes`: the batches that may take the most,
 * as `shapesOf` finds them.
 */
export async function estimateTranslatorMemory(
  shapes: readonly BatchShape[],
  { model, tokenizers, device, ...options }: TranslatorEstimateOptions,
): Promise<MemoryEstimate<BatchShape>> {
  const estimate = await estimateMemory({
    model,
    device,
    batches: shapes.map(batchOf),
    training: (made) => translationTraining({ model: made, ...tokenizers }, NO_DATA, options),
  });
  return { ...estimate, batch: shapeOf(estimate.batch) };
}

/** The estimate has batches of its own. */
const NO_DATA = { async *batches() {} };
