/** The tokenizer under its short name, for its neighbours. */
export * from './tokenizer/index.ts';
