export {
  ELU,
  GELU,
  GLU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  QuickGELU,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './activations.ts';
export {
  type AffineOptions,
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormModuleOptions,
  GroupNorm,
  InstanceNorm,
} from './channelNorms.ts';
export { ModuleDict, ModuleList, Sequential, type Step } from './containers.ts';
export {
  type BiasOption,
  Conv1d,
  type Conv1dModuleOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from './conv.ts';
export type { ForwardHook, ForwardPreHook, HookedModule, HookInputs, HookOutput } from './hooks.ts';
export type { Initializer, KaimingOptions, ModuleOptions } from './init.ts';
export * as init from './init.ts';
export { Dropout, Embedding, LayerNorm, Linear, type LinearOptions, RMSNorm } from './layers.ts';
export { buffer, type HostTensor, type LoadReport, Module, parameter, type StateDict } from './module.ts';
export { GRU, LSTM, type RecurrentOptions, RNN } from './recurrent.ts';
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AvgPool1d,
  AvgPool2d,
  Flatten,
  Identity,
  MaxPool1d,
  MaxPool2d,
  Unflatten,
  Upsample,
} from './shaping.ts';
