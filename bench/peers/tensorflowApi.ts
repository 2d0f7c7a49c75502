/** The part of TensorFlow.js (tfjs-core, and the wasm backend under its name) that is used here: the package has types of its own, but is not always installed. */

/** A tensor. */
export interface T {
  readonly shape: number[];
  data(): Promise<Float32Array | Int32Array>;
  dispose(): void;
}

export interface Variable extends T {
  readonly name: string;
}

type Shape = readonly number[];

export interface Tf {
  readonly wasm: { setThreadsCount(n: number): void; setWasmPaths(prefix: string): void };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  env(): { set(flag: string, value: unknown): void; getAsync(flag: string): Promise<unknown> };
  engine(): { gradients(f: () => T, xs: readonly T[], dy?: T): { value: T; grads: T[] } };
  tidy<R>(body: () => R): R;
  tensor(values: Float32Array | Int32Array, shape: Shape, dtype: string): T;
  variable(x: T, trainable: boolean, name: string): Variable;
  scalar(x: number): T;
  dispose(x: unknown): void;
  matMul(a: T, b: T, transposeA?: boolean, transposeB?: boolean): T;
  readonly fused: { matMul(options: { a: T; b: T; transposeB: boolean; bias: T; activation: string }): T };
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  neg(a: T): T;
  exp(a: T): T;
  tanh(a: T): T;
  relu(a: T): T;
  sigmoid(a: T): T;
  erf(a: T): T;
  rsqrt(a: T): T;
  square(a: T): T;
  sum(a: T, axis?: number): T;
  mean(a: T, axis?: number, keepDims?: boolean): T;
  max(a: T, axis?: number): T;
  min(a: T, axis?: number): T;
  argMax(a: T, axis?: number): T;
  argMin(a: T, axis?: number): T;
  moments(a: T, axis: number, keepDims: boolean): { mean: T; variance: T };
  softmax(a: T, axis: number): T;
  logSoftmax(a: T, axis: number): T;
  logSumExp(a: T, axis?: number): T;
  cumsum(a: T, axis?: number): T;
  concat(list: readonly T[], axis?: number): T;
  gather(a: T, indices: T, axis?: number): T;
  oneHot(ids: T, depth: number): T;
  cast(a: T, dtype: string): T;
  where(condition: T, a: T, b: T): T;
  topk(a: T, k: number): { values: T };
  dropout(a: T, rate: number): T;
  reshape(a: T, shape: Shape): T;
  transpose(a: T, order: Shape): T;
  slice(a: T, begin: Shape, size: Shape): T;
  readonly train: {
    adam(
      lr: number,
      beta1: number,
      beta2: number,
      eps: number,
    ): {
      minimize(f: () => T, returnCost: boolean, variables: readonly Variable[]): T | null;
      applyGradients(gradients: Readonly<Record<string, T>>): void;
      dispose(): void;
    };
  };
}
