import { ArgumentError, type Precision } from '../../engine/index.ts';
import { check } from './check.ts';
import type { TrainingOptions } from './trainerOptions.ts';

/** Numbers with every default filled in. */
export interface TrainSettings {
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly accumulate: number;
  readonly clipNorm: number;
  readonly seed: number;
  readonly ema: number | null;
  readonly precision: Precision;
}

const EPOCHS = 10;

/** @throws {ArgumentError} for a number out of its range */
export function settingsOf(options: TrainingOptions, batchesPerEpoch: number | undefined): TrainSettings {
  const { accumulate = 1, clipNorm = 1, seed = 0 } = options;
  const { precision = 'float32', ema = null, steps = null, epochs = steps === null ? EPOCHS : null } = options;
  check('steps', steps, (n) => Number.isInteger(n) && n >= 1, 'a whole number from 1');
  check('epochs', epochs, (n) => n > 0 && Number.isFinite(n), 'a number above 0');
  check('accumulate', accumulate, (n) => Number.isInteger(n) && n >= 1, 'a whole number from 1');
  check('clipNorm', clipNorm, (n) => n >= 0, 'a number from 0, which is no clipping');
  check('seed', seed, (n) => Number.isSafeInteger(n) && n >= 0, 'a whole number from 0');
  check('ema', ema, (n) => n >= 0 && n < 1, 'a decay from 0 to below 1, such as 0.999');
  check('precision', precision, (name) => ['float32', 'float16'].includes(name), 'float32 or float16');
  const length = runLength({ steps, epochs, accumulate }, batchesPerEpoch);
  return { ...length, accumulate, clipNorm, seed, ema, precision };
}

/** Epochs as steps, where the batches of one are counted. */
function runLength(
  { steps, epochs, accumulate }: Pick<TrainSettings, 'steps' | 'epochs' | 'accumulate'>,
  batchesPerEpoch: number | undefined,
): Pick<TrainSettings, 'steps' | 'epochs'> {
  if (epochs === null) return { steps, epochs };
  if (batchesPerEpoch === undefined) {
    check('epochs', epochs, Number.isInteger, 'a whole number for data that is read as it comes');
    return { steps, epochs };
  }
  if (batchesPerEpoch === 0) {
    throw new ArgumentError('train: batches is empty, expected at least one batch. The data is empty.');
  }
  const all = Math.ceil(epochs * Math.ceil(batchesPerEpoch / accumulate));
  return { steps: Math.min(all, steps ?? all), epochs: null };
}
