import {
  type Device,
  matmul,
  type Op,
  operations,
  randn,
  type Shape,
  Stream,
  type Tensor,
  tensor,
} from '../engine/index.ts';

/** Something to time: how to make its inputs, what to run, and how much work that is. */
export interface BenchCase {
  readonly name: string;
  readonly shape: string;
  readonly make: (device: Device) => Readonly<Record<string, Tensor>>;
  readonly run: (inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** Floating-point operations, where they say more than bytes. */
  readonly flops: number | null;
  /** Bytes read and written at least. */
  readonly bytes: number;
}

const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
const show = (shapes: readonly Shape[]): string => shapes.map((s) => `[${s.join(', ')}]`).join(' ');

/** Square products over a range of sizes, and the shapes of a Transformer: a curve says more than one number. */
export function matmulCases(): BenchCase[] {
  const sizes: [number, number, number][] = [
    ...[32, 64, 128, 256, 512, 1024].map((n): [number, number, number] => [n, n, n]),
    [1, 512, 512],
    [1024, 128, 512],
    [1024, 512, 128],
    [1024, 256, 8000],
  ];
  const all = [...sizes.map((size) => [...size, 'float32'] as const), [512, 512, 512, 'float16'] as const];
  return all.map(([m, k, n, dtype]) => ({
    name: dtype === 'float32' ? 'matmul' : `matmul ${dtype}`,
    shape: show([
      [m, k],
      [k, n],
    ]),
    make: (device) => ({
      a: randn([m, k], { device, seed: 1 }).to(dtype),
      b: randn([k, n], { device, seed: 2 }).to(dtype),
    }),
    run: ({ a, b }) => matmul(a!, b!),
    flops: 2 * m * n * k,
    bytes: (dtype === 'float32' ? 4 : 2) * (m * k + k * n) + 4 * m * n,
  }));
}

type CaseInput =
  | Shape
  | { readonly shape: Shape; readonly dtype?: 'float32' | 'int32' | 'bool'; readonly high?: number };

function makeInput(input: CaseInput, device: Device, stream: number): Tensor {
  const {
    shape,
    dtype = 'float32',
    high = 2,
  } = Array.isArray(input) ? { shape: input } : (input as Exclude<CaseInput, Shape>);
  if (dtype === 'float32') return randn(shape, { device, seed: stream });
  const s = new Stream(stream);
  return tensor(
    Int32Array.from({ length: product(shape) }, () => s.integer(high)),
    { shape, dtype, device },
  );
}

/** The cases that operations mark for timing. */
export function operationCases(): BenchCase[] {
  const fromOp = (op: Op): BenchCase[] =>
    op.cases
      .filter((c) => c.bench === true && op.name !== 'matmul')
      .map((c) => {
        const inputs = Object.entries(c.inputs as Record<string, CaseInput>);
        const shapes = inputs.map(([, input]) => (Array.isArray(input) ? input : (input as { shape: Shape }).shape));
        return {
          name: op.name,
          shape: show(shapes),
          make: (device) =>
            Object.fromEntries(inputs.map(([name, input], i) => [name, makeInput(input, device, i + 1)])),
          run: (given) => op.run(given, c.attrs),
          flops: null,
          bytes: 4 * (shapes.reduce((n, s) => n + product(s), 0) + product(shapes[0] ?? [])),
        };
      });
  return [...operations().values()].flatMap(fromOp);
}
