export * from './functions.ts';
export * from './methods.ts';
