import { manualSeed } from '../../engine/index.ts';
import type { Example } from '../data/batches.ts';
import { encoder, MemoryBatches } from '../data/index.ts';
import type { Translator } from '../decode.ts';
import { Transformer } from '../model.ts';
import { count } from '../report/language.ts';
import type { TrainState } from '../training/index.ts';
import type { Context } from './context.ts';
import type { Dataset } from './dataset.ts';
import { UsageError } from './errors.ts';
import type { Job } from './job.ts';
import type { RunFolder } from './runFolder.ts';
import type { RecipeSettings, RunSettings } from './settings.ts';
import { makeTokenizers } from './tokenizers.ts';

/** A job with a model: all that training needs. */
export interface Start {
  readonly settings: RunSettings;
  readonly dataset: Dataset;
  readonly run: RunFolder;
  readonly translator: Translator;
  /** The training pairs in tokens, in batches. */
  readonly batches: MemoryBatches;
  /** What to go on from; null at the beginning. */
  readonly state: TrainState | null;
  readonly resumed: boolean;
}

/** Makes the model and the tokenizers a job begins with, or loads those it goes on with, and writes down the settings. */
export async function start(job: Job, context: Context): Promise<Start> {
  const { dataset, run, resumed } = job;
  const saved = resumed ? await run.newestState() : null;
  const translator = saved?.translator ?? (await newTranslator(job, context));
  const { source, target } = translator;
  const { report } = dataset;
  const encode = encoder({ source, target, maxTokens: Number.POSITIVE_INFINITY, ...(report && { report }) });
  const examples = dataset.train.map(encode).filter((example) => example !== null);
  checkLengths(translator, examples, dataset.test, context);
  const { seed, recipe } = job.settings;
  const batches = new MemoryBatches(examples, { batchTokens: recipe.batchTokens, seed });
  const steps = stepsOf(job, batches);
  const done = saved?.state.step ?? 0;
  if (steps < done) throw new UsageError(context.say.stepsDone(count(done), count(steps)));
  const settings = settled(job, steps, stepsOfEpoch(batches, recipe));
  await run.begin(translator, settings);
  return { settings, dataset, run, translator, batches, state: saved?.state ?? null, resumed };
}

/** A validation costs as much as some tens of steps. */
const LEAST_BETWEEN_VALIDATIONS = 200;

/** Of a run whose checkpoints are averaged: how many are written, where nobody says how often. */
const CHECKPOINTS_TO_AVERAGE = 20;

/** All settings, now that steps are counted. */
function settled({ settings }: Job, steps: number, stepsOfEpoch: number): RunSettings {
  const { validation, checkpoints } = settings;
  const between = checkpoints.average > 0 ? Math.ceil(steps / CHECKPOINTS_TO_AVERAGE) : null;
  return {
    ...settings,
    steps,
    validation: validation && {
      ...validation,
      every: validation.every ?? Math.max(stepsOfEpoch, LEAST_BETWEEN_VALIDATIONS),
    },
    checkpoints: { ...checkpoints, every: checkpoints.every ?? between },
  };
}

async function newTranslator({ settings, dataset }: Job, context: Context): Promise<Translator> {
  const tokenizers = await makeTokenizers(dataset.train, settings.tokenizers, context, dataset.task.tokenizers);
  const { source, target } = tokenizers;
  if (settings.model.sharedEmbeddings && source !== target) {
    throw new UsageError(context.say.twoVocabularies(count(source.size), count(target.size)));
  }
  manualSeed(settings.seed);
  const vocabularies = { srcVocab: source.size, tgtVocab: target.size };
  return { model: new Transformer({ ...settings.model, ...vocabularies }), ...tokenizers };
}

/** Learned positions have an end: no sentence may reach beyond it, to train on or to test on. */
function checkLengths(
  { model, source }: Translator,
  examples: readonly Example[],
  test: Dataset['test'],
  { say }: Context,
): void {
  const { positions, maxLength } = model.config;
  if (positions !== 'learned') return;
  // the target is read without its last token, the source of a test with an end mark
  const lengths = [
    ...examples.map((e) => Math.max(e.source.length, e.target.length - 1)),
    ...test.map((sentence) => source.encode(sentence.source).length + 1),
  ];
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  if (longest > maxLength) throw new UsageError(say.sentenceTooLong(`${longest}`, count(maxLength)));
}

/** Steps of an epoch: every epoch has as many batches, and its last step takes those that are left. */
export const stepsOfEpoch = ({ batchesPerEpoch }: MemoryBatches, { accumulate }: RecipeSettings): number =>
  Math.ceil(batchesPerEpoch / accumulate);

const stepsOf = ({ length, settings }: Job, batches: MemoryBatches): number =>
  'steps' in length ? length.steps : length.epochs * stepsOfEpoch(batches, settings.recipe);
