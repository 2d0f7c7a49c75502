/** The embedded English–Chinese corpus: a grammar of our own, a seeded sample of it, and sentences to show. */

export type { Corpus, CorpusOptions, Pair } from './corpus.ts';
export { buildCorpus, maximumPairs, showcase } from './corpus.ts';
