/** The part of @jax-js/jax that is used here: the package has types of its own, but is not always installed. */

/** An array. Handing one to a function gives it away; `ref` keeps it for once more. */
export interface A {
  readonly ref: A;
  readonly shape: number[];
  add(x: A | number): A;
  sub(x: A | number): A;
  mul(x: A | number): A;
  div(x: A | number): A;
  neg(): A;
  reshape(shape: readonly number[]): A;
  transpose(order: readonly number[]): A;
  slice(...index: readonly (readonly number[])[]): A;
  astype(dtype: unknown): A;
  data(): Promise<Float32Array | Int32Array>;
  dispose(): void;
}

interface Options {
  readonly keepdims?: boolean;
}

export interface Jax {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): string;
  jit<F>(f: F): F & { dispose?: () => void };
  vjp(f: (...xs: A[]) => A, inputs: readonly A[]): [A, ((dy: A) => A[]) & { dispose?: () => void }];
  valueAndGrad<P>(f: (p: P) => A): (p: P) => [A, P];
  blockUntilReady(x: unknown): Promise<unknown>;
  readonly numpy: {
    array(values: Float32Array | Int32Array): A;
    readonly float32: unknown;
    readonly float16: unknown;
    matmul(a: A, b: A): A;
    matrixTranspose(a: A): A;
    swapaxes(a: A, x: number, y: number): A;
    exp(a: A): A;
    tanh(a: A): A;
    sqrt(a: A): A;
    square(a: A): A;
    sum(a: A, axis?: number): A;
    mean(a: A, axis?: number, options?: Options): A;
    max(a: A, axis?: number): A;
    min(a: A, axis?: number): A;
    argmax(a: A, axis?: number): A;
    argmin(a: A, axis?: number): A;
    cumsum(a: A, axis?: number): A;
    concatenate(list: readonly A[], axis?: number): A;
    take(a: A, indices: A, axis: number): A;
    takeAlongAxis(a: A, indices: A, axis: number): A;
    tril(a: A): A;
    triu(a: A): A;
  };
  readonly nn: {
    relu(a: A): A;
    silu(a: A): A;
    gelu(a: A, options: { readonly approximate: boolean }): A;
    softmax(a: A, axis: number): A;
    logSoftmax(a: A, axis: number): A;
    logsumexp(a: A, axis?: number): A;
    oneHot(a: A, classes: number): A;
    dotProductAttention(q: A, k: A, v: A, options: { readonly scale: number; readonly isCausal: boolean }): A;
  };
  readonly lax: { topK(a: A, k: number): [A, A] };
  readonly random: {
    key(seed: number): A;
    split(key: A, count: number): A;
    bernoulli(key: A, p: number, shape: readonly number[]): A;
  };
  readonly tree: { ref<P>(x: P): P; dispose(x: unknown): void };
}
