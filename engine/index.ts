/**
 * heddle: tensors on WebGPU and WebAssembly, operations with gradients, modules and optimizers. Everything public is
 * exported here; what is not exported here is nobody's business outside engine/.
 */
import './methods.ts';

export { backward, enableGrad, gradients, isGradEnabled, noGrad, requiresGrad, type BackwardOptions } from './autograd.ts';
export type { Backend, BackendName, MemoryStats } from './backend.ts';
export * from './create.ts';
export { defaultDevice, device, openDevice, useDevice, type Device, type DeviceKind, type DeviceOptions } from './device.ts';
export type { DType, TensorData } from './dtype.ts';
export * from './errors.ts';
export { leakReport, Scope, scope, unscoped, type Leak } from './memory.ts';
export { gradcheck, type GradcheckOptions } from './gradcheck.ts';
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './io/safetensors.ts';
export * from './nn/index.ts';
export { operations, type Op, type OpCase } from './op.ts';
export * from './ops/index.ts';
export * from './optim/index.ts';
export { Generator, manualSeed, Stream } from './random.ts';
export type { Shape } from './shape.ts';
export { Tensor, type NestedArray } from './tensor.ts';
export { named, trace, Trace, type TraceOptions, type TraceRecord } from './trace.ts';
