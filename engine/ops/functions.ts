/** Operations that are functions alone: a program that calls none of them does not carry them. */
export * from './attention.ts';
export * from './ctc.ts';
export * from './einsum.ts';
export * from './embedding.ts';
