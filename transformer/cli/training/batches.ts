import { count } from '../../language/language.ts';
import type { Translator } from '../../model/translate.ts';
import type { Example } from '../../text/data/batches.ts';
import { type BatchSource, type DataReport, encoder, MemoryBatches, StreamBatches } from '../../text/data/index.ts';
import type { Tokenizer } from '../../text/tokenizer/index.ts';
import { type BatchShape, largestShapes, shapeOf, shapesOf } from '../../training/footprint/index.ts';
import type { ModelSettings } from '../../training/presets.ts';
import type { Context } from '../context.ts';
import type { Dataset } from '../data/dataset.ts';
import { UsageError } from '../errors.ts';
import type { Job } from './job.ts';

/** The training pairs in tokens, in batches. */
export interface TrainingBatches {
  readonly source: BatchSource;
  /** Batches of the first epoch. */
  readonly count: number;
  /** Those that may take the most memory. */
  readonly shapes: readonly BatchShape[];
}

/**
 * Makes batches of the pairs a job trains on: of all that are in memory, or of files as they are read. Those are read once
 * to count the batches of an epoch and to say what the vocabularies lack, unless `known` tells from an earlier start.
 *
 * @throws {UsageError} for a sentence that reaches beyond learned positions
 */
export async function trainingBatches(
  { dataset, settings }: Pick<Job, 'dataset' | 'settings'>,
  tokenizers: Pick<Translator, 'source' | 'target'>,
  known: number | null,
  context: Context,
): Promise<TrainingBatches> {
  const { train, test, report } = dataset;
  const { seed, recipe } = settings;
  const options = { batchTokens: recipe.batchTokens, seed };
  const encoding = (found: DataReport | null) =>
    encoder({
      ...tokenizers,
      maxTokens: Number.POSITIVE_INFINITY,
      ...(found && { report: found }),
    });
  const lengths = new Lengths(settings.model, tokenizers.source, context);
  lengths.addTests(test);
  if (train.held !== null) {
    const encode = encoding(report);
    const examples = train.held.map(encode).filter((example) => example !== null);
    for (const example of examples) lengths.add(example);
    const source = new MemoryBatches(examples, options);
    return { source, count: source.batchesPerEpoch, shapes: shapesOf(source, recipe.batchTokens) };
  }
  const stream = (found: DataReport | null, title?: string): StreamBatches => {
    const encode = encoding(found);
    return new StreamBatches(async function* () {
      for await (const block of train.blocks(title)) {
        for (const pair of block) {
          const example = encode(pair);
          if (example !== null) yield example;
        }
      }
    }, options);
  };
  const source = stream(null);
  if (known !== null) return { source, count: known, shapes: shapesOf(source, recipe.batchTokens) };
  let counted = 0;
  let shapes: BatchShape[] = [];
  for await (const batch of stream(report, context.say.countingBatches).batches(0)) {
    counted++;
    const { examples } = batch;
    shapes = largestShapes([...shapes, shapeOf(batch)]);
    for (const example of examples) lengths.add(example);
  }
  return { source, count: counted, shapes };
}

/** Learned positions have an end: no sentence may reach beyond it, to train on or to test on. */
class Lengths {
  readonly #source: Tokenizer;
  readonly #most: number;
  readonly #context: Context;

  constructor({ positions, maxLength }: ModelSettings, source: Tokenizer, context: Context) {
    this.#source = source;
    this.#most = positions === 'learned' ? maxLength : Number.POSITIVE_INFINITY;
    this.#context = context;
  }

  /** The target is read without its last token. */
  add({ source, target }: Example): void {
    this.#check(Math.max(source.length, target.length - 1));
  }

  /** The source is read with an end mark. */
  addTests(test: Dataset['test']): void {
    if (this.#most === Number.POSITIVE_INFINITY) return;
    for (const { source } of test) this.#check(this.#source.encode(source).length + 1);
  }

  #check(length: number): void {
    if (length > this.#most) throw new UsageError(this.#context.say.sentenceTooLong(`${length}`, count(this.#most)));
  }
}
