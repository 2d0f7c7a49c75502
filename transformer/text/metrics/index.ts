/** Scores of translations against references, as sacreBLEU gives them. */
export { type BleuOptions, type BleuScore, corpusBleu, sentenceBleu } from './bleu.ts';
export { type ChrfOptions, type ChrfScore, corpusChrf, sentenceChrf } from './chrf.ts';
export { exactMatch } from './exactMatch.ts';
export { bleuTokenizer, isUnspaced } from './script.ts';
export type { References } from './segments.ts';
export type { BleuTokenizer } from './tokenizers.ts';
