/**
 * heddle: tensors on WebGPU and WebAssembly, operations with gradients, modules and optimizers. Everything public is
 * exported here; what is not exported here is nobody's business outside engine/.
 */
import './methods.ts';

export { autocast, type Precision } from './autocast.ts';
export {
  type BackwardOptions,
  backward,
  enableGrad,
  gradients,
  isGradEnabled,
  noGrad,
  requiresGrad,
} from './autograd.ts';
export type { Backend, BackendName, MemoryStats, WorkStats } from './backend.ts';
export * from './create.ts';
export * from './data/index.ts';
export {
  type Device,
  type DeviceKind,
  type DeviceOptions,
  defaultDevice,
  device,
  openDevice,
  useDevice,
} from './device.ts';
export type { DType, TensorData } from './dtype.ts';
export * from './errors.ts';
export { type GradcheckOptions, gradcheck } from './gradcheck.ts';
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './io/safetensors.ts';
export {
  decodeTrace,
  encodeTrace,
  type SnapshotRecord,
  type SnapshotTensor,
  type SnapshotUpdate,
  snapshot,
  TRACE,
  type TraceSnapshot,
} from './io/traceFile.ts';
export { Scope, scope, unscoped } from './memory.ts';
export { MetaDevice } from './meta.ts';
export * from './nn/index.ts';
export { type Op, type OpCase, operations } from './op.ts';
export * from './ops/index.ts';
export * from './optim/index.ts';
export { defaultGenerator, Generator, manualSeed, Stream } from './random.ts';
export { recompute } from './recompute.ts';
export type { Shape } from './shape.ts';
export { type NestedArray, Tensor } from './tensor.ts';
export {
  type Decompose,
  type Edit,
  Intervention,
  intervene,
  named,
  Trace,
  type TraceInput,
  type TraceOptions,
  type TracePhase,
  type TraceRecord,
  type TraceUpdate,
  trace,
} from './trace.ts';
export { type Leak, leakReport } from './unowned.ts';
