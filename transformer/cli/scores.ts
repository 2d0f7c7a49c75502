import {
  type BleuScore,
  type BleuTokenizer,
  bleuTokenizer,
  type ChrfScore,
  corpusBleu,
  corpusChrf,
  exactMatch,
} from '../text/metrics/index.ts';

/** Everything `heddle evaluate` says of translations. */
export interface Scores {
  readonly bleu: BleuScore;
  readonly chrf: ChrfScore;
  readonly chrfPlusPlus: ChrfScore;
  /** Translations that are a reference to the letter: percent, and how many. */
  readonly exactMatch: { readonly score: number; readonly right: number };
}

export interface ScoreOptions {
  /** Unless told: what the script of the references asks for. */
  readonly tokenize?: BleuTokenizer | undefined;
  /** Compare in lower case. */
  readonly lowercase?: boolean | undefined;
  /** Whether a hypothesis is as good as a reference; to the letter unless told. */
  readonly isRight?: (hypothesis: string, reference: string) => boolean;
}

/** Scores of translations, each against all its references. */
export function scoreAll(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  { tokenize = bleuTokenizer(references), lowercase = false, isRight }: ScoreOptions = {},
): Scores {
  const cased = (text: string): string => (lowercase ? text.toLowerCase() : text);
  const match = exactMatch(
    hypotheses.map(cased),
    references.map((list) => list.map(cased)),
    isRight,
  );
  return {
    bleu: corpusBleu(hypotheses, references, { tokenize, lowercase }),
    chrf: corpusChrf(hypotheses, references, { lowercase }),
    chrfPlusPlus: corpusChrf(hypotheses, references, { lowercase, wordOrder: 2 }),
    exactMatch: { score: match, right: Math.round((match * hypotheses.length) / 100) },
  };
}
