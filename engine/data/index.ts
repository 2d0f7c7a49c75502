export { type Collated, type CollateOptions, collate } from './collate.ts';
export { DataLoader, type Dataset, type LoaderOptions, type LoaderState } from './loader.ts';
