export { constant, newParameter, normal, uniform, xavierUniform, type Initializer, type ModuleOptions } from './init.ts';
export { Dropout, Embedding, LayerNorm, Linear, RMSNorm, type LinearOptions } from './layers.ts';
export { Module, parameter, type HostTensor, type LoadReport, type StateDict } from './module.ts';
