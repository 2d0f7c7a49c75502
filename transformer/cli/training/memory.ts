import { type Device, defaultDevice, type ModuleOptions } from '../../../engine/index.ts';
import { bytes } from '../../language/language.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Translator } from '../../model/translate.ts';
import { MemoryBatches } from '../../text/data/index.ts';
import {
  type BatchShape,
  estimateTranslatorMemory,
  exceeded,
  largestBatchTokens,
  type MemoryEstimate,
  shapesOf,
} from '../../training/footprint/index.ts';
import type { RunSettings } from '../../training/runs/settings.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { TrainingBatches } from './batches.ts';
import { trainOptions } from './options.ts';

/** A run as far as its memory depends on it. */
export interface Planned {
  readonly settings: RunSettings;
  readonly tokenizers: Pick<Translator, 'source' | 'target'>;
  readonly batches: TrainingBatches;
  readonly model: (options: ModuleOptions) => Transformer;
}

/**
 * What the run will hold at most, before anything is computed.
 *
 * @throws {UsageError} for a run that does not fit, with the largest batch that would
 */
export async function planMemory(planned: Planned, { say }: Context): Promise<MemoryEstimate<BatchShape>> {
  const device = defaultDevice();
  const { source, shapes } = planned.batches;
  const limits = device.memory();
  const estimate = await estimateOf(planned, shapes, device);
  const excess = exceeded(estimate, limits);
  if (excess === null) return estimate;
  const fitting = await largestBatchTokens(planned.settings.recipe.batchTokens, async (batchTokens) => {
    const smaller =
      source instanceof MemoryBatches ? new MemoryBatches(source.examples, { ...source, batchTokens }) : source;
    return exceeded(await estimateOf(planned, shapesOf(smaller, batchTokens), device), limits) === null;
  });
  const [wanted, there] = [bytes(excess.wanted), bytes(excess.there)];
  throw new UsageError(
    fitting === null ? say.modelTooLarge(wanted, there) : say.batchTooLarge(wanted, there, `${fitting}`),
  );
}

const estimateOf = (
  planned: Planned,
  shapes: readonly BatchShape[],
  device: Device,
): Promise<MemoryEstimate<BatchShape>> => {
  const { settings, tokenizers, model } = planned;
  const { steps: _, ...options } = trainOptions(settings);
  return estimateTranslatorMemory(shapes, { ...options, model, tokenizers, device });
};
