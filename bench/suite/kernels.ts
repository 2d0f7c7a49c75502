import { type Op, operations, type Shape } from '../../engine/index.ts';
import { type AdamCase, type InputSpec, type OpCase, sizeOf } from './case.ts';

const SUITE = 'kernels';
const dims = (shape: Shape): string => shape.join('×');

/** [batch…, m, k] · [batch…, k, n], with operands that lie transposed in memory where it is asked for. */
interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch?: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly dtype?: 'float16';
}

function matmul({ m, k, n, batch, transposeA = false, transposeB = false, dtype }: Product): OpCase {
  const outer = batch === undefined ? [] : [batch];
  const type = dtype === undefined ? {} : { dtype };
  const how = [
    ...(batch === undefined ? [] : [`batch of ${batch}`]),
    ...(transposeA ? ['aᵀ'] : []),
    ...(transposeB ? ['bᵀ'] : []),
    ...(dtype === undefined ? [] : [dtype]),
  ];
  const square = m === k && k === n && batch === undefined;
  return {
    ...{ kind: 'op', suite: SUITE, op: 'matmul' },
    name: ['matmul', dims([m, k, n]), ...how].join(' '),
    inputs: {
      a: { shape: [...outer, ...(transposeA ? [k, m] : [m, k])], ...type },
      b: { shape: [...outer, ...(transposeB ? [n, k] : [k, n])], ...type },
    },
    attrs: { transposeA, transposeB },
    work: { unit: 'flops', amount: 2 * m * n * k * (batch ?? 1) },
    ...(square && { curve: { name: ['matmul n×n×n', ...how].join(' '), size: n } }),
  };
}

const products: readonly Product[] = [
  ...[64, 128, 256, 512, 1024, 2048, 4096].map((n) => ({ m: n, k: n, n })),
  ...[128, 256, 512, 1024].flatMap((n) => [
    { m: n, k: n, n, transposeA: true },
    { m: n, k: n, n, transposeB: true },
  ]),
  // tall, wide, deep, as a Transformer has them
  { m: 4096, k: 64, n: 64 },
  { m: 1024, k: 128, n: 512 },
  { m: 1024, k: 512, n: 128 },
  { m: 64, k: 4096, n: 64 },
  { m: 1024, k: 256, n: 8000 },
  { m: 1, k: 512, n: 512 },
  { m: 1, k: 512, n: 8000 },
  { m: 7, k: 13, n: 9 },
  { m: 33, k: 65, n: 31 },
  { m: 127, k: 129, n: 131 },
  { m: 32, k: 64, n: 32, batch: 64 },
  { m: 128, k: 64, n: 128, batch: 32 },
  { m: 256, k: 256, n: 256, batch: 8 },
  { m: 512, k: 512, n: 512, dtype: 'float16' },
];

interface Curve {
  readonly op: string;
  readonly label: string;
  /** Of the inputs, by the size. */
  readonly inputs: (size: number) => Readonly<Record<string, InputSpec>>;
  readonly output: (size: number) => Shape;
  readonly gradient: readonly string[];
  readonly sizes: readonly number[];
  readonly attrs?: Readonly<Record<string, unknown>>;
}

const WIDTH = 256;
const rowsOf = (n: number): Shape => [n / WIDTH, WIDTH];
const NUMBERS = [2 ** 12, 2 ** 16, 2 ** 20, 2 ** 22];
const CLASSES = 8000;

const curves: readonly Curve[] = [
  {
    ...{ op: 'softmax', label: `softmax [n/${WIDTH}, ${WIDTH}]`, sizes: NUMBERS },
    ...{ inputs: (n) => ({ x: { shape: rowsOf(n) } }), output: rowsOf, gradient: ['x'] },
  },
  {
    ...{ op: 'layerNorm', label: `LayerNorm [n/${WIDTH}, ${WIDTH}]`, sizes: NUMBERS },
    inputs: (n) => ({ x: { shape: rowsOf(n) }, weight: { shape: [WIDTH] }, bias: { shape: [WIDTH] } }),
    ...{ output: rowsOf, gradient: ['x', 'weight', 'bias'] },
  },
  {
    ...{ op: 'gelu', label: 'GELU [n]', sizes: NUMBERS },
    ...{ inputs: (n) => ({ x: { shape: [n], scale: 2 } }), output: (n) => [n], gradient: ['x'] },
  },
  {
    ...{ op: 'crossEntropy', label: `cross-entropy [n, ${CLASSES}]`, sizes: [16, 128, 512, 2048] },
    inputs: (n) => ({
      logits: { shape: [n, CLASSES], scale: 3 },
      target: { shape: [n], dtype: 'int32', high: CLASSES },
    }),
    ...{ output: () => [], gradient: ['logits'] },
  },
];

function curveCases({ op, label, inputs, output, gradient, sizes, attrs = {} }: Curve): OpCase[] {
  return sizes.flatMap((n): OpCase[] => {
    const given = inputs(n);
    const read = Object.values(given).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const written = sizeOf(output(n));
    const common = { kind: 'op', suite: SUITE, op, attrs } as const;
    const learnt = gradient.reduce((sum, name) => sum + sizeOf(given[name]!.shape), 0);
    return [
      {
        ...common,
        ...{ name: `${label}, n = ${n}`, inputs: given, curve: { name: label, size: n } },
        work: { unit: 'bytes', amount: 4 * (read + written) },
      },
      {
        ...common,
        name: `${label} forward and backward, n = ${n}`,
        inputs: { ...given, dy: { shape: output(n) } },
        ...{ gradient, curve: { name: `${label} forward and backward`, size: n } },
        // forward, then backward: input and the output's gradient are read, the input's gradient is written
        work: { unit: 'bytes', amount: 4 * (read + written + read + written + learnt) },
      },
    ];
  });
}

const adam = (count: number): AdamCase => ({
  ...{ kind: 'adam', suite: SUITE, name: `Adam [n], n = ${count}`, count },
  curve: { name: 'Adam [n]', size: count },
  // parameter and both means are read and written, the gradient is read
  work: { unit: 'bytes', amount: 4 * 7 * count },
});

type Listed = Shape | InputSpec;
const isShape = (input: Listed): input is Shape => Array.isArray(input);

/** The cases that operations mark for timing; products have a list of their own, above. */
function listed(op: Op): OpCase[] {
  if (op.name === 'matmul') return [];
  return op.cases
    .filter((c) => c.bench === true)
    .map((c) => {
      const inputs = Object.fromEntries(
        Object.entries(c.inputs as Record<string, Listed>).map(([name, input]) => [
          name,
          isShape(input) ? { shape: input } : input,
        ]),
      );
      const shapes = Object.values(inputs).map(({ shape }) => shape);
      // peers know no defaults: the number that a scalar is
      const { value } = op.attrs;
      const attrs = { ...(value !== undefined && { value }), ...c.attrs };
      const with_ = Object.keys(attrs).length === 0 ? '' : ` ${JSON.stringify(attrs)}`;
      return {
        ...{ kind: 'op', suite: SUITE, op: op.name, inputs, attrs: { ...attrs } },
        name: `${op.name} ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}${with_}`,
        work: { unit: 'bytes', amount: 4 * (shapes.reduce((n, s) => n + sizeOf(s), 0) + sizeOf(shapes[0] ?? [])) },
      };
    });
}

export const kernelCases = (): (OpCase | AdamCase)[] => [
  ...products.map(matmul),
  ...curves.flatMap(curveCases),
  ...[2 ** 12, 2 ** 16, 2 ** 20, 2 ** 22].map(adam),
  ...[...operations().values()].flatMap(listed),
];
