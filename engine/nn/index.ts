export * as init from './init.ts';
export type { ModuleOptions } from './init.ts';
export { Dropout, Embedding, LayerNorm, Linear, RMSNorm, type LinearOptions } from './layers.ts';
export { Module, parameter, type HostTensor, type LoadReport, type StateDict } from './module.ts';
