import { ArgumentError, Stream } from '../../../engine/index.ts';
import type { Both } from '../../language/language.ts';
import type { TransformerConfig } from '../../model/transformer.ts';
import type { Pair } from '../../text/data/batches.ts';
import type { ReadOptions } from '../../text/data/index.ts';
import type { TokenizerKind } from '../../text/tokenizer/index.ts';

/** Pairs to train on, and pairs to validate and to test on, of which no source was trained on. */
export interface TaskSplit {
  readonly train: readonly Pair[];
  readonly validation: readonly Pair[];
  readonly test: readonly Pair[];
}

/** How many pairs a split has of each. */
export interface SplitSizes {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** The size of model that learns a task on two threads in a minute or two, and how it is trained. */
export interface Recipe {
  readonly model: Required<
    Pick<TransformerConfig, 'dModel' | 'heads' | 'layers' | 'feedForward' | 'dropout' | 'normFirst'>
  >;
  readonly steps: number;
  /** Target tokens in a batch. */
  readonly batchTokens: number;
  /** The learning rate goes up to `lr` over `warmup` steps, and straight down to 0 at the last. */
  readonly schedule: { readonly kind: 'linear'; readonly warmup: number; readonly lr: number };
  readonly labelSmoothing: number;
}

/** For pairs that a rule makes: there are enough of them that hardly one comes twice, so no dropout. */
export const ruleRecipe = (steps: number, batchTokens: number): Recipe => ({
  model: { dModel: 64, heads: 4, layers: 2, feedForward: 256, dropout: 0, normFirst: true },
  steps,
  batchTokens,
  schedule: { kind: 'linear', warmup: 100, lr: 0.003 },
  labelSmoothing: 0,
});

/** Inputs longer than any in training: whether a model learnt the rule, or the rule for the lengths it saw. */
export interface LongerTest {
  /** Shortest and longest, in symbols. */
  readonly lengths: readonly [number, number];
  /** `count` pairs; the same seed gives the same pairs. */
  pairs(seed: number, count: number): Pair[];
}

/** Something to learn: where its pairs come from, how to train on them, and what counts as right. */
export interface Task {
  readonly name: string;
  /** What the model learns, in one line. */
  readonly describe: Both<string>;
  /** An input as a user types it, and the answer expected; never part of what is trained on. */
  readonly sample: Pair;
  /** `count` pairs by the rule of the task; the same seed gives the same pairs. */
  pairs(seed: number, count: number): Pair[];
  /** Pairs for a run. What may only be tested on does not depend on the seed, so runs can be compared. */
  split(seed: number, sizes?: Partial<SplitSizes>): TaskSplit;
  /** Inputs to show after a run, beside the sample. */
  readonly showcase: readonly Pair[];
  readonly longer: LongerTest | null;
  readonly recipe: Recipe;
  /** Kinds of the tokenizers of both sides; null: as the texts ask for. */
  readonly tokenizers: { readonly source: TokenizerKind; readonly target: TokenizerKind } | null;
  /** Whether an output is as good as the answer expected. */
  isRight(output: string, expected: string): boolean;
  /** Share of unseen inputs that a whole run of the recipe must get right; 0 where the recipe only shows the form. */
  readonly wanted: number;
  /** Whether outputs are words, of which BLEU and chrF say something; a date or a sequence is right or wrong. */
  readonly isText: boolean;
  /** How files of a user's own pairs are read; null for a task that makes its own. */
  readonly files: ReadOptions | null;
  /**
   * What the model reads, of an input as a user types it.
   *
   * @throws {FormatError} for an input of no form of this task
   */
  input(typed: string): string;
}

/** An output is right when it is the answer, to the letter. */
export const exactly = (output: string, expected: string): boolean => output === expected;

/** How a task draws: one pair from a stream of random numbers, and whether that pair may only be tested on. */
export interface Drawing {
  readonly name: string;
  draw(stream: Stream): Pair;
  heldOut(pair: Pair): boolean;
}

/** Draws in a row that give nothing new, after which there is nothing new to draw. */
const FRUITLESS = 20_000;

/** `count` pairs. A short input may come more than once, as often as chance has it. */
export function drawPairs({ name, draw }: Drawing, seed: number, count: number): Pair[] {
  const stream = new Stream(seed);
  return Array.from({ length: checkCount(name, 'pairs', count) }, () => draw(stream));
}

/**
 * Pairs to train on, drawn like `drawPairs` but for those held out; and pairs to test and to validate on, all held out and
 * different.
 *
 * @throws {ArgumentError} where there are not so many different ones held out
 */
export function drawSplit(drawing: Drawing, seed: number, { train, validation, test }: SplitSizes): TaskSplit {
  const { name, draw, heldOut } = drawing;
  checkCount(name, 'train', train);
  checkCount(name, 'validation', validation);
  checkCount(name, 'test', test);
  const stream = new Stream(seed);
  const trained: Pair[] = [];
  const held: Pair[] = [];
  const seen = new Set<string>();
  const wanted = test + validation;
  for (let fruitless = 0; trained.length < train || held.length < wanted; fruitless++) {
    const pair = draw(stream);
    const isHeld = heldOut(pair);
    if (isHeld ? held.length >= wanted || seen.has(pair.source) : trained.length >= train) {
      if (fruitless < FRUITLESS) continue;
      throw new ArgumentError(`${name}: only ${held.length} different inputs to test and validate on. Ask for fewer.`);
    }
    if (isHeld) seen.add(pair.source);
    (isHeld ? held : trained).push(pair);
    fruitless = 0;
  }
  // those to test on come first: how many there are to validate on does not change them
  return { train: trained, validation: held.slice(test), test: held.slice(0, test) };
}

function checkCount(task: string, name: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new ArgumentError(`${task}: ${name} ${count}. Expected a whole number from 0.`);
}
