import { ArgumentError } from '../../../engine/index.ts';
import { countNgrams, most, overlap } from './ngrams.ts';
import { type References, type Segment, segment, segments } from './segments.ts';
import { signature } from './signature.ts';
import { stripEnd } from './text.ts';
import { type BleuTokenizer, tokenizers } from './tokenizers.ts';

/** Longest n-gram. */
const ORDER = 4;

/** What an order without a match counts as; the number is `smoothValue` where none is given. */
const SMOOTHING = { exp: null, floor: 0.1, 'add-k': 1, none: null } as const;

export interface BleuOptions {
  /** Default `13a`. Chinese needs `zh`. */
  readonly tokenize?: BleuTokenizer;
  /** Compare in lower case. Default false. */
  readonly lowercase?: boolean;
  /**
   * What to do with orders without a match, of which one would make the score 0. `exp` (default): the k-th of them
   * counts as 1/2ᵏ match. `floor`: as `smoothValue` matches. `add-k`: `smoothValue` more matches and n-grams in every
   * order above 1. `none`: 0.
   */
  readonly smooth?: keyof typeof SMOOTHING;
  /** Default 0.1 for `floor`, 1 for `add-k`. */
  readonly smoothValue?: number;
  /** Average only over orders the hypothesis is long enough for. Default false for a corpus, true for a sentence. */
  readonly effectiveOrder?: boolean;
}

export interface BleuScore {
  readonly name: 'BLEU';
  /** 0 to 100. */
  readonly score: number;
  /** Percent of n-grams found in a reference, smoothed, for n from 1 to 4. */
  readonly precisions: readonly number[];
  /** Matching n-grams, for n from 1 to 4. */
  readonly matches: readonly number[];
  /** N-grams of the hypotheses, for n from 1 to 4. */
  readonly totals: readonly number[];
  /** 1, or less where the hypotheses are shorter than the references. */
  readonly brevityPenalty: number;
  /** Words of the hypotheses. */
  readonly hypothesisLength: number;
  /** Words of the references nearest in length, the shorter of two as near. */
  readonly referenceLength: number;
  /** What the score depends on, in sacreBLEU's form. */
  readonly signature: string;
}

/**
 * BLEU of a corpus: BP · exp(¼ Σₙ ln pₙ) · 100 for n from 1 to 4, where pₙ is the share of n-grams of the hypotheses
 * found in their references (each as often as in the reference that has it most) and BP = exp(1 − r/c), at most 1,
 * for c words of hypotheses and r of references. Counts are summed over the corpus first: it is no average of
 * sentence scores, and 0 where no sentence has 4 words.
 *
 * `references[i]` is the reference of `hypotheses[i]`, or a list of them; the lists may differ in length.
 *
 * @throws ArgumentError for lists that do not fit, a hypothesis without a reference, or an unknown option
 *
 * Source: Papineni et al. 2002; Post 2018, whose sacreBLEU 2 this agrees with.
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: readonly References[],
  options: BleuOptions = {},
): BleuScore {
  return score('corpusBleu', segments('corpusBleu', hypotheses, references), options, false);
}

/**
 * BLEU of one sentence: the corpus of it alone, averaged over the orders it is long enough for.
 *
 * @throws ArgumentError for a hypothesis without a reference, or an unknown option
 */
export function sentenceBleu(hypothesis: string, references: References, options: BleuOptions = {}): BleuScore {
  return score('sentenceBleu', [segment('sentenceBleu', hypothesis, references)], options, true);
}

function score(operation: string, all: readonly Segment[], options: BleuOptions, effective: boolean): BleuScore {
  const { tokenize = '13a', lowercase = false, smooth = 'exp', effectiveOrder = effective } = options;
  const unknown = (what: string, got: unknown, known: object): ArgumentError =>
    new ArgumentError(`${operation}: ${what} ${JSON.stringify(got)}, expected ${Object.keys(known).join(', ')}.`);
  if (!Object.hasOwn(tokenizers, tokenize)) throw unknown('tokenize', tokenize, tokenizers);
  if (!Object.hasOwn(SMOOTHING, smooth)) throw unknown('smooth', smooth, SMOOTHING);
  const smoothValue = SMOOTHING[smooth] === null ? 0 : (options.smoothValue ?? SMOOTHING[smooth]);
  if (!(smoothValue >= 0)) throw new ArgumentError(`${operation}: smoothValue ${smoothValue}, expected 0 or more.`);

  const cut = (text: string): string[] => tokenizers[tokenize](stripEnd(lowercase ? text.toLowerCase() : text));
  const counted = count(all, cut);
  const { matches, totals, hypothesisLength, referenceLength } = counted;
  const shares = precisions(matches, totals, smooth, smoothValue);
  // an order of which no hypothesis has an n-gram ends the average, or makes it 0
  const order = effectiveOrder ? shares.length : ORDER;
  const brevityPenalty = hypothesisLength < referenceLength ? Math.exp(1 - referenceLength / hypothesisLength) : 1;
  const logs = Array.from({ length: order }, (_, n) => Math.log(shares[n] ?? 0));
  const mean = logs.reduce((a, b) => a + b, 0) / order;
  const matched = matches.some((m) => m > 0);
  return {
    name: 'BLEU',
    score: matched ? 100 * brevityPenalty * Math.exp(mean) : 0,
    precisions: matches.map((_, n) => (matched ? 100 * (shares[n] ?? 0) : 0)),
    ...counted,
    brevityPenalty,
    signature: signature(all, {
      case: lowercase ? 'lc' : 'mixed',
      eff: effectiveOrder,
      tok: tokenize,
      smooth: SMOOTHING[smooth] === null ? smooth : `${smooth}[${smoothValue.toFixed(2)}]`,
    }),
  };
}

/** Counts of a corpus, summed over its sentences. */
function count(
  all: readonly Segment[],
  cut: (text: string) => string[],
): Pick<BleuScore, 'matches' | 'totals' | 'hypothesisLength' | 'referenceLength'> {
  const matches = new Array<number>(ORDER).fill(0);
  const totals = new Array<number>(ORDER).fill(0);
  let hypothesisLength = 0;
  let referenceLength = 0;
  for (const { hypothesis, references } of all) {
    const words = cut(hypothesis);
    const others = references.map(cut);
    hypothesisLength += words.length;
    referenceLength += nearest(
      words.length,
      others.map(({ length }) => length),
    );
    for (let n = 1; n <= ORDER; n++) {
      const known = most(others.map((other) => countNgrams(other, n, ' ')));
      matches[n - 1]! += overlap(countNgrams(words, n, ' '), known);
      totals[n - 1]! += Math.max(0, words.length - n + 1);
    }
  }
  return { matches, totals, hypothesisLength, referenceLength };
}

/** The one of `lengths` nearest to `length`, the smaller of two as near. */
const nearest = (length: number, lengths: readonly number[]): number =>
  lengths.reduce((best, other) => {
    const closer = Math.abs(other - length) - Math.abs(best - length);
    return closer < 0 || (closer === 0 && other < best) ? other : best;
  });

/** Shares of matching n-grams, smoothed, up to the first order without any n-gram. */
function precisions(
  matches: readonly number[],
  totals: readonly number[],
  smooth: keyof typeof SMOOTHING,
  value: number,
): number[] {
  const shares: number[] = [];
  let halved = 1;
  for (let n = 0; n < ORDER; n++) {
    const added = smooth === 'add-k' && n > 0 ? value : 0;
    const total = totals[n]! + added;
    if (total === 0) break;
    let found = matches[n]! + added;
    if (found === 0 && smooth === 'exp') {
      halved /= 2;
      found = halved;
    } else if (found === 0 && smooth === 'floor') {
      found = value;
    }
    shares.push(found / total);
  }
  return shares;
}
