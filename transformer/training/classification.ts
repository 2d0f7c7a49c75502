/** Training classifiers of texts. */

import {
  ArgumentError,
  argmax,
  crossEntropy,
  noGrad,
  scope,
  type Tensor,
  tensor,
  unscoped,
} from '../../engine/index.ts';
import type { EncoderOnly } from '../model/encoderOnly.ts';
import { padded } from '../text/data/batches.ts';
import type { BatchSource } from '../text/data/index.ts';
import { type LabelledBatch, LabelledBatches } from '../text/data/sequences.ts';
import type { Tokenizer } from '../text/tokenizer/index.ts';
import { check } from './check.ts';
import { type RecipeOptions, recipe } from './recipe.ts';
import { checkPadding } from './specialTokens.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** A model that classifies texts, and the tokenizer it was trained with. */
export interface Classifier {
  readonly model: EncoderOnly;
  readonly tokenizer: Tokenizer;
}

/** A text and the number of its class, from 0. */
export interface LabelledText {
  readonly text: string;
  readonly label: number;
}

/** How to train a classifier. Defaults: the optimizer and the schedule of the paper (Vaswani et al. 2017, section 5). */
export interface ClassificationOptions extends RecipeOptions {
  /** ε of the smoothed targets. Default: 0. */
  readonly labelSmoothing?: number;
  /** Texts to measure the model on while it trains, and when to stop. Default: none. */
  readonly validation?: {
    /** Not trained on. */
    readonly examples: readonly LabelledText[];
    /** Steps between two measurements. The last step of a run is measured too, where the number of steps is known. */
    readonly every: number;
    /** What tells better from worse. Default: 'loss'. */
    readonly metric?: 'loss' | 'accuracy';
    /** Ends the run when the metric was no better than its best this many times in a row. Default: never. */
    readonly patience?: number;
  };
}

/** The score of a classifier. */
export type ClassificationScores = {
  /** The share of texts whose most probable class is the right one, 0 to 1. */
  readonly accuracy: number;
};

/** The ids of a text, with the end token, so that no text is empty. */
export const encodeForClassifier = (tokenizer: Tokenizer, text: string): number[] => [
  ...tokenizer.encode(text),
  tokenizer.mark('eos'),
];

/** The scores of the classes of each row: [batch, classes]. */
const classScores = (model: EncoderOnly, { rows, length }: LabelledBatch): Tensor =>
  model.forward(padded(rows, length, model.device, model.config.padId));

/**
 * The options of a `Trainer` for a classifier: `new Trainer(classificationTraining({ model, tokenizer }, examples, options))`.
 * The weight of a batch is its number of examples.
 *
 * @param data labelled texts in memory, or batches of token ids from any source
 * @throws {ArgumentError} for a model without classes, a label that is none of them, an option out of its range, no
 *   examples, and a tokenizer that does not pad as the model does
 */
export function classificationTraining(
  { model, tokenizer }: Classifier,
  data: readonly LabelledText[] | BatchSource<LabelledBatch>,
  options: ClassificationOptions = {},
): TrainerOptions<LabelledBatch, EncoderOnly, ClassificationScores> {
  const { padId, dModel, classes } = model.config;
  const { batchTokens, labelSmoothing = 0, warmup: _, validation, seed = 0, ...training } = options;
  if (classes === 0) {
    throw new ArgumentError('classificationTraining: the model has no classes. Make it with { classes: n }.');
  }
  checkPadding('', tokenizer, padId);
  check('labelSmoothing', labelSmoothing, (e) => e >= 0 && e < 1, 'a number from 0 to below 1');
  const batchesOf = (texts: readonly LabelledText[]): LabelledBatches => {
    for (const { label } of texts) {
      check('label', label, (n) => Number.isInteger(n) && n >= 0 && n < classes, `a class from 0 to ${classes - 1}`);
    }
    const examples = texts.map(({ text, label }) => ({ ids: encodeForClassifier(tokenizer, text), label }));
    return new LabelledBatches(examples, { seed, ...(batchTokens !== undefined && { batchTokens }) });
  };
  const lossWith =
    (smoothing: number) =>
    (classifier: EncoderOnly, batch: LabelledBatch): Tensor => {
      const labels = tensor(Int32Array.from(batch.labels), { device: classifier.device });
      return crossEntropy(classScores(classifier, batch), labels, { labelSmoothing: smoothing });
    };
  const held = validation && batchesOf(validation.examples).all();
  return {
    ...training,
    ...recipe(options, dModel),
    seed,
    model,
    batches: 'batches' in data ? data : batchesOf(data),
    loss: lossWith(labelSmoothing),
    weight: ({ rows }) => rows.length,
    ...(validation &&
      held && {
        validation: {
          every: validation.every,
          metric: validation.metric ?? 'loss',
          ...(validation.patience !== undefined && { patience: validation.patience }),
          batches: held,
          loss: lossWith(0),
          measure: async (classifier) => ({ accuracy: await accuracy(classifier, held) }),
        },
      }),
  };
}

/** The share of rows whose class with the highest score is their label, 0 to 1. Call it in evaluation mode. */
export async function accuracy(model: EncoderOnly, batches: readonly LabelledBatch[]): Promise<number> {
  let right = 0;
  let all = 0;
  for (const batch of batches) {
    const best = unscoped(() => scope(() => noGrad(() => argmax(classScores(model, batch), -1))));
    const classes = await best.data();
    best.dispose();
    right += batch.labels.filter((label, i) => classes[i] === label).length;
    all += batch.labels.length;
  }
  return right / Math.max(1, all);
}
