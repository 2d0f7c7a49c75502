import type { Stream } from '../../../engine/index.ts';
import { say } from '../../language/language.ts';
import type { Pair } from '../../text/data/batches.ts';
import { DataSplit } from '../../text/data/index.ts';
import { drawQuestion, drawSummary, type TextExample } from './facts.ts';
import { type Drawing, drawPairs, drawSplit, ruleRecipe, type Task } from './task.ts';
import { sameAnswer, TEXT_FORMS, textInput, textPair } from './textForm.ts';

/** The pair of an example that is known to be whole. */
function pairOf(example: TextExample): Pair {
  const pair = textPair(example);
  if (pair === null) throw new TypeError(`text: no pair in ${JSON.stringify(example)}`);
  return pair;
}

/** Three questions for each summary, which has more words to learn from. */
const draw = (stream: Stream): Pair => pairOf((stream.integer(4) > 0 ? drawQuestion : drawSummary)(stream));

const question = { question: 'Where does Ben live?', context: 'Anna lives in Rome. Ben lives in Oslo.' };
const showcase: readonly Pair[] = [
  { ...question, answer: 'Oslo' },
  { question: 'Who has a parrot?', context: 'Mia has a dog. Leo has a parrot. Kate has a goat.', answer: 'Leo' },
  {
    document: 'Grace works as a pilot. It rained all day. Our friend lives in Cairo. Grace has a cat.',
    summary: 'Grace is a pilot from Cairo and has a cat.',
  },
].map((example) => pairOf(example as TextExample));
const shown: ReadonlySet<string> = new Set(showcase.map(({ source }) => source));

/** One text in twenty may only be tested on; its words are all known, their combination is not. */
const held = DataSplit.byFraction(0.05);

const drawing: Drawing = {
  name: 'text',
  draw,
  heldOut: ({ source }) => shown.has(source) || held.holds(source),
};

const SIZES = { train: 40_000, validation: 400, test: 1000 } as const;

/** A document has more characters than a sentence; memory grows with the longest. */
const MAX_CHARACTERS = 20_000;

/**
 * Text in, text out, on pairs of a user's own: summaries, answers to questions, or any source and target. Without files
 * it learns made-up facts about people, to show that it works.
 */
export const text: Task = {
  name: 'text',
  describe: say(
    'answers questions on a text and sums texts up; on pairs of your own with --data',
    '根据文本回答问题、写摘要；用 --data 可使用自己的数据',
  ),
  sample: { source: JSON.stringify(question), target: 'Oslo' },
  showcase,
  pairs: (seed, count) => drawPairs(drawing, seed, count),
  split: (seed, sizes) => drawSplit(drawing, seed, { ...SIZES, ...sizes }),
  longer: null,
  recipe: ruleRecipe(1000, 2048),
  tokenizers: { source: 'characterPairs', target: 'characterPairs' },
  isRight: sameAnswer,
  // finding the person a question asks for among several takes longer than a demonstration
  wanted: 0,
  isText: true,
  files: { objects: { pair: textPair, expected: TEXT_FORMS }, maxCharacters: MAX_CHARACTERS },
  input: textInput,
};
