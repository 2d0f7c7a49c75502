import { type ModuleOptions, manualSeed } from '../../../engine/index.ts';
import { count } from '../../language/language.ts';
import { Transformer } from '../../model/transformer.ts';
import type { Translator } from '../../model/translate.ts';
import type { BatchSource } from '../../text/data/index.ts';
import type { MemoryEstimate } from '../../training/footprint/index.ts';
import type { TrainState } from '../../training/index.ts';
import type { RunFolder } from '../../training/runs/folder.ts';
import type { RecipeSettings, RunSettings } from '../../training/runs/settings.ts';
import type { Context } from '../context.ts';
import type { Dataset } from '../data/dataset.ts';
import { makeTokenizers } from '../data/tokenizers.ts';
import { UsageError } from '../errors.ts';
import { trainingBatches } from './batches.ts';
import type { Job } from './job.ts';
import { planMemory } from './memory.ts';

/** A job with a model: all that training needs. */
export interface Start {
  readonly settings: RunSettings;
  readonly dataset: Dataset;
  readonly run: RunFolder;
  readonly translator: Translator;
  /** The training pairs in tokens, in batches. */
  readonly batches: BatchSource;
  /** What training will hold at most. */
  readonly memory: MemoryEstimate;
  /** What to go on from; null at the beginning. */
  readonly state: TrainState | null;
  readonly resumed: boolean;
}

/** Makes the model and the tokenizers a job begins with, or loads those it goes on with, and writes down the settings. */
export async function start(job: Job, context: Context): Promise<Start> {
  const { dataset, run, resumed } = job;
  const saved = resumed ? await run.newestState((text) => console.error(`heddle: ${text[context.language]}`)) : null;
  const { source, target } = saved?.translator ?? (await newTokenizers(job, context));
  const tokenizers = { source, target };
  const known = resumed ? (run.settings?.batches ?? null) : null;
  const batches = await trainingBatches(job, tokenizers, known, context);
  const steps = stepsOf(job, batches.count);
  const done = saved?.state.step ?? 0;
  if (steps < done) throw new UsageError(context.say.stepsDone(count(done), count(steps)));
  const settings = settled(job, steps, batches.count);
  const model = (options: ModuleOptions): Transformer =>
    new Transformer({ ...settings.model, srcVocab: source.size, tgtVocab: target.size }, options);
  const memory = await planMemory({ settings, tokenizers, batches, model }, context);
  manualSeed(settings.seed);
  const translator = saved?.translator ?? { model: model({}), ...tokenizers };
  await run.begin(translator, settings);
  const state = saved?.state ?? null;
  return { settings, dataset, run, translator, batches: batches.source, memory, state, resumed };
}

/** A validation costs as much as some tens of steps. */
const LEAST_BETWEEN_VALIDATIONS = 200;

/** Of a run whose checkpoints are averaged: how many are written, where nobody says how often. */
const CHECKPOINTS_TO_AVERAGE = 20;

/** All settings, now that steps are counted. */
function settled({ settings }: Job, steps: number, batches: number): RunSettings {
  const { validation, checkpoints } = settings;
  const between = checkpoints.average > 0 ? Math.ceil(steps / CHECKPOINTS_TO_AVERAGE) : null;
  return {
    ...settings,
    batches,
    steps,
    validation: validation && {
      ...validation,
      every: validation.every ?? Math.max(stepsOfEpoch(batches, settings.recipe), LEAST_BETWEEN_VALIDATIONS),
    },
    checkpoints: { ...checkpoints, every: checkpoints.every ?? between },
  };
}

async function newTokenizers(
  { settings, dataset }: Job,
  context: Context,
): Promise<Pick<Translator, 'source' | 'target'>> {
  const tokenizers = await makeTokenizers(dataset.train, settings.tokenizers, context, dataset.task.tokenizers);
  const { source, target } = tokenizers;
  if (settings.model.sharedEmbeddings && source !== target) {
    throw new UsageError(context.say.twoVocabularies(count(source.size), count(target.size)));
  }
  return tokenizers;
}

/** Steps of an epoch; its last one takes the batches that are left. */
export const stepsOfEpoch = (batches: number, { accumulate }: RecipeSettings): number =>
  Math.ceil(batches / accumulate);

const stepsOf = ({ length, settings }: Job, batches: number): number =>
  'steps' in length ? length.steps : length.epochs * stepsOfEpoch(batches, settings.recipe);
