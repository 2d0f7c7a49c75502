export { type Collated, type CollateOptions, collate, type Numbers } from './collate.ts';
export { DataLoader, type Dataset, type LoaderOptions, type LoaderState } from './loader.ts';
