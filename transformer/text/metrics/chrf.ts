import { ArgumentError } from '../../../engine/index.ts';
import { type Counts, countNgrams, overlap, total } from './ngrams.ts';
import { type References, type Segment, segment, segments } from './segments.ts';
import { signature } from './signature.ts';
import { splitWords, withoutSpaces } from './text.ts';

/** Share of an order nobody has n-grams of, with `epsSmoothing`. */
const EPSILON = 1e-16;

export interface ChrfOptions {
  /** Longest n-gram of characters. Default 6. */
  readonly charOrder?: number;
  /** Longest n-gram of words: 0 (default) is chrF, 2 is chrF++. */
  readonly wordOrder?: number;
  /** Recall counts β² times as much as precision. Default 2. */
  readonly beta?: number;
  /** Compare in lower case. Default false. */
  readonly lowercase?: boolean;
  /** Count white space as characters. Default false. */
  readonly whitespace?: boolean;
  /**
   * Average over all orders, a tiny share standing for those without n-grams, as chrF++.py, NLTK and Moses do. Default
   * false: average over the orders that both sides have n-grams of.
   */
  readonly epsSmoothing?: boolean;
}

export interface ChrfScore {
  /** `chrF2` or `chrF2++`: β behind the name, a plus for every word order. */
  readonly name: string;
  /** 0 to 100. */
  readonly score: number;
  /** What the score depends on, in sacreBLEU's form. */
  readonly signature: string;
}

/** Of one order: n-grams of the hypothesis, of the reference, of both. */
type OrderCounts = readonly [hypothesis: number, reference: number, both: number];

type Settings = Required<ChrfOptions>;

/**
 * chrF of a corpus: (1 + β²)·P·R / (β²·P + R) · 100, where P is the share of n-grams of the hypotheses found in their
 * references and R the share of the references' found in the hypotheses, both averaged over n-grams of 1 to 6
 * characters and, for chrF++ (`wordOrder: 2`), of 1 to 2 words. Counts are summed over the corpus first, against the
 * reference that gives each sentence its best score.
 *
 * `references[i]` is the reference of `hypotheses[i]`, or a list of them; the lists may differ in length.
 *
 * @throws ArgumentError for lists that do not fit, a hypothesis without a reference, or orders or β out of range
 *
 * Source: Popović 2015, 2017; Post 2018, whose sacreBLEU 2 this agrees with.
 */
export function corpusChrf(
  hypotheses: readonly string[],
  references: readonly References[],
  options: ChrfOptions = {},
): ChrfScore {
  return score('corpusChrf', segments('corpusChrf', hypotheses, references), options);
}

/**
 * chrF of one sentence: the corpus of it alone.
 *
 * @throws ArgumentError for a hypothesis without a reference, or orders or β out of range
 */
export function sentenceChrf(hypothesis: string, references: References, options: ChrfOptions = {}): ChrfScore {
  return score('sentenceChrf', [segment('sentenceChrf', hypothesis, references)], options);
}

function score(operation: string, all: readonly Segment[], options: ChrfOptions): ChrfScore {
  const { charOrder = 6, wordOrder = 0, beta = 2 } = options;
  const { lowercase = false, whitespace = false, epsSmoothing = false } = options;
  const settings: Settings = { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing };
  for (const [name, order] of Object.entries({ charOrder, wordOrder })) {
    if (!Number.isInteger(order) || order < 0) {
      throw new ArgumentError(`${operation}: ${name} ${order}, expected a whole number of 0 or more.`);
    }
  }
  if (charOrder + wordOrder === 0) {
    throw new ArgumentError(`${operation}: charOrder and wordOrder are both 0, there is nothing to compare.`);
  }
  if (!(beta > 0 && beta < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`${operation}: beta ${beta}, expected more than 0.`);
  }
  const sum = all.map((one) => bestCounts(one, settings)).reduce(add);
  return {
    name: `chrF${beta}${'+'.repeat(wordOrder)}`,
    score: 100 * fScore(sum, settings),
    signature: signature(all, {
      case: lowercase ? 'lc' : 'mixed',
      eff: !epsSmoothing,
      nc: charOrder,
      nw: wordOrder,
      space: whitespace,
    }),
  };
}

/** Counts of every order against the reference with the best score, the first of equals. */
function bestCounts({ hypothesis, references }: Segment, settings: Settings): OrderCounts[] {
  const own = ngrams(hypothesis, settings);
  return references
    .map((reference) => {
      const others = ngrams(reference, settings);
      const counts = own.map((mine, i) => compare(mine, others[i]!));
      return { counts, score: fScore(counts, settings) };
    })
    .reduce((best, other) => (other.score > best.score ? other : best)).counts;
}

/** N-grams of characters, then of words, order by order. */
function ngrams(text: string, { charOrder, wordOrder, lowercase, whitespace }: Settings): Counts[] {
  const line = lowercase ? text.toLowerCase() : text;
  const characters = Array.from(whitespace ? line : withoutSpaces(line));
  const words = splitWords(line).flatMap(cutPunctuation);
  const orders = (pieces: readonly string[], upTo: number, glue: string): Counts[] =>
    Array.from({ length: upTo }, (_, n) => countNgrams(pieces, n + 1, glue));
  return [...orders(characters, charOrder, ''), ...orders(words, wordOrder, ' ')];
}

/** Cuts one punctuation mark off the end of a word, or else off its beginning: `(hi)` becomes `(hi` and `)`. */
function cutPunctuation(word: string): string[] {
  // every mark is one code unit, and cuts beside one part no surrogates
  if (word.length > 1 && isPunctuation(word.at(-1)!)) return [word.slice(0, -1), word.at(-1)!];
  if (word.length > 1 && isPunctuation(word[0]!)) return [word[0]!, word.slice(1)];
  return [word];
}

const isPunctuation = (character: string): boolean => /[!-/:-@[-`{-~]/.test(character);

/** N-grams of a hypothesis do not count where the reference has none of their order. */
function compare(own: Counts, other: Counts): OrderCounts {
  return [other.size > 0 ? total(own) : 0, total(other), overlap(own, other)];
}

const add = (a: readonly OrderCounts[], b: readonly OrderCounts[]): OrderCounts[] =>
  a.map(([hypothesis, reference, both], i) => {
    const [h, r, m] = b[i]!;
    return [hypothesis + h, reference + r, both + m];
  });

/** F_β of the counts, 0 to 1. */
function fScore(counts: readonly OrderCounts[], { beta, epsSmoothing }: Settings): number {
  const f = (precision: number, recall: number, otherwise: number): number => {
    const denominator = beta ** 2 * precision + recall;
    return denominator > 0 ? ((1 + beta ** 2) * precision * recall) / denominator : otherwise;
  };
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  if (epsSmoothing) {
    const share = (both: number, of: number): number => (of > 0 ? both / of : EPSILON);
    return mean(counts.map(([h, r, both]) => f(share(both, h), share(both, r), EPSILON)));
  }
  const present = counts.filter(([h, r]) => h > 0 && r > 0);
  const precision = mean(present.map(([h, , both]) => both / h));
  const recall = mean(present.map(([, r, both]) => both / r));
  return f(precision, recall, 0);
}
