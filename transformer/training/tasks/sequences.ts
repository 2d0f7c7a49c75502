import type { Stream } from '../../../engine/index.ts';
import type { Pair } from '../../text/data/batches.ts';
import { DataSplit } from '../../text/data/index.ts';
import { type Drawing, drawPairs, drawSplit, exactly, ruleRecipe, type Task } from './task.ts';

/** Symbols in a sequence: shortest and longest. */
type Lengths = readonly [number, number];

const TRAINED: Lengths = [1, 16];
const LONGER: Lengths = [17, 24];

/** Enough that hardly a sequence of some length is trained on twice. */
const SIZES = { train: 60_000, validation: 400, test: 1000 } as const;

export const LETTERS: readonly string[] = [...'abcdefghijklmnopqrstuvwxyz'];

/** Target tokens in a batch. */
const BATCH_TOKENS = 1024;

/** One sequence in twenty may only be tested on, whatever the seed. */
const heldOut = DataSplit.byFraction(0.05);

/** What tells one task on sequences from another. */
export interface SequenceRule
  extends Pick<Task, 'name' | 'describe' | 'wanted'>,
    Readonly<Record<'tokenizers', NonNullable<Task['tokenizers']>>> {
  readonly symbols: readonly string[];
  readonly steps: number;
  /** Stands between two symbols. */
  readonly separator: '' | ' ';
  /** The sequence to write for the one that was read. */
  answer(sequence: readonly string[]): readonly string[];
  /** Sequences to show, the first as the sample. */
  readonly shown: readonly string[];
}

/** A task on sequences of symbols, each drawn alike, of lengths drawn alike. */
export function sequenceTask(rule: SequenceRule): Task {
  const { name, describe, symbols, separator, answer, steps, tokenizers, wanted, shown } = rule;
  const pairOf = (sequence: readonly string[]): Pair => ({
    source: sequence.join(separator),
    target: answer(sequence).join(separator),
  });
  const drawing = ([low, high]: Lengths): Drawing => ({
    name,
    heldOut: ({ source }) => shown.includes(source) || heldOut.holds(source),
    draw: (stream) => pairOf(draw(stream, symbols, low + stream.integer(high - low + 1))),
  });
  const showcase = shown.map((source) => pairOf(source.split(separator)));
  return {
    name,
    describe,
    sample: showcase[0]!,
    showcase,
    pairs: (seed, count) => drawPairs(drawing(TRAINED), seed, count),
    split: (seed, sizes) => drawSplit(drawing(TRAINED), seed, { ...SIZES, ...sizes }),
    longer: { lengths: LONGER, pairs: (seed, count) => drawPairs(drawing(LONGER), seed, count) },
    recipe: ruleRecipe(steps, BATCH_TOKENS),
    tokenizers,
    isRight: exactly,
    wanted,
    isText: false,
    files: null,
    input: (typed) => typed,
  };
}

const draw = (stream: Stream, symbols: readonly string[], length: number): string[] =>
  Array.from({ length }, () => symbols[stream.integer(symbols.length)]!);
