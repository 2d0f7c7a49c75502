export type { ModuleOptions } from './init.ts';
export * as init from './init.ts';
export { Dropout, Embedding, LayerNorm, Linear, type LinearOptions, RMSNorm } from './layers.ts';
export { type HostTensor, type LoadReport, Module, parameter, type StateDict } from './module.ts';
