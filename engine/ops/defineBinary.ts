import binaryShader from '../../shaders/binary.wgsl';
import scalarShader from '../../shaders/binary_scalar.wgsl';
import type { GradContext } from '../autograd.ts';
import { dispatch, grid } from '../backend.ts';
import { type DType, promote } from '../dtype.ts';
import { DTypeError, given } from '../errors.ts';
import { type CaseInput, defineOp, type OpCase } from '../op.ts';
import { map, zip } from '../reference.ts';
import { broadcastShapes, type Shape, sizeOf } from '../shape.ts';
import { broadcastWalk, layoutOf, stridedDispatch, WALK_BYTES } from '../strided.ts';
import { Tensor } from '../tensor.ts';
import codes from './codes.json';
import { to } from './contiguous.ts';
import { ANY, checkSameDtype, GRAIN, PER_GROUP, wgslType, wordOf } from './elementwise.ts';
import { sumTo } from './sumTo.ts';

/** Codes of the operations in shaders/lib/binary.wgsl and assembly/binary.ts, where those on int32 begin at 32. */
const CODES = codes.binary;
const INT = 32;

type Inputs = 'x' | 'y';
type Grads<In extends string> = { readonly [K in In]?: Tensor | null };

/** What tells one operation on two tensors from another. */
export interface Binary {
  /** With x and y in it; the scalar form shows value instead of y. */
  readonly formula: string;
  readonly f: (x: number, y: number) => number;
  /** What it computes with: `floats` converts everything to float32, `bools` to bool, `numbers` takes all but bool. */
  readonly takes: 'floats' | 'numbers' | 'any' | 'bools';
  /** The dtype of the result: that of the operands, or bool. */
  readonly gives: 'same' | 'bool';
  readonly saves?: readonly (Inputs | 'output')[];
  /** Gradients from dy and what was saved, before the sum over what was broadcast. */
  readonly grad?: (dy: Tensor, saved: Record<Inputs | 'output', Tensor>) => Record<Inputs, () => Tensor>;
  readonly scalarSaves?: readonly ('x' | 'output')[];
  readonly scalarGrad?: (dy: Tensor, saved: Record<'x' | 'output', Tensor>, value: number) => Tensor;
  readonly cases?: readonly OpCase<Inputs, never, object>[];
  /** How y is drawn in the usual cases: positive where it divides. */
  readonly divisor?: boolean;
  /** Part of the benchmark. */
  readonly bench?: boolean;
}

const DTYPES = { floats: ['float32'], numbers: ['float32', 'int32'], any: ANY, bools: ['bool'] } as const;

/** Shapes to test: equal, repeated rows, columns and single numbers, both sides repeated. */
const SHAPES: readonly { readonly x: Shape; readonly y: Shape }[] = [
  { x: [5, 7], y: [5, 7] },
  { x: [2, 3, 9], y: [9] },
  { x: [4, 1, 6], y: [3, 1] },
  { x: [], y: [2, 5] },
  { x: [2, 3, 4], y: [2, 1, 1] },
  { x: [2, 1, 3, 1, 2, 1], y: [1, 2, 1, 3, 1, 2] },
  { x: [0, 3], y: [3] },
  { x: [1], y: [1] },
];

/** Those shapes, and small integers, which are equal often, where the operation takes them. */
function shapes(takes: Binary['takes'], divisor: boolean): OpCase<Inputs, never, object>[] {
  const input = (shape: Shape, dtype: DType, high = 4): CaseInput => ({ shape, dtype, high });
  if (takes === 'bools')
    return SHAPES.map(({ x, y }) => ({ inputs: { x: input(x, 'bool', 2), y: input(y, 'bool', 2) } }));
  const floats = SHAPES.map(({ x, y }) => ({
    inputs: { x, y: divisor ? ({ shape: y, values: 'positive' } as const) : y },
  }));
  if (takes === 'floats') return floats;
  return [...floats, { inputs: { x: input([3, 7], 'int32'), y: input([7], 'int32') } }];
}

/** As many numbers on both sides, and a row added to each line. */
const BENCH: readonly OpCase<Inputs, never, object>[] = [
  { inputs: { x: [2048, 1024], y: [2048, 1024] }, bench: true, gradient: false },
  { inputs: { x: [2048, 1024], y: [1024] }, bench: true, gradient: false },
];

function scalarCases(takes: Binary['takes'], bench: boolean): OpCase<'x', never, { value: number }>[] {
  if (takes === 'bools')
    return [0, 1].map((value) => ({ inputs: { x: { shape: [9], dtype: 'bool' } }, attrs: { value } }));
  const cases: OpCase<'x', never, { value: number }>[] = [
    { inputs: { x: [3, 7] } },
    { inputs: { x: [] }, attrs: { value: -2 } },
    { inputs: { x: [0, 2] } },
  ];
  if (takes !== 'floats') cases.push({ inputs: { x: { shape: [9], dtype: 'int32', high: 4 } }, attrs: { value: 2 } });
  if (bench) cases.push({ inputs: { x: [2048, 1024] }, bench: true, gradient: false });
  return cases;
}

/**
 * Defines the operation on two tensors and, as `${name}Scalar`, the one on a tensor and a number; returns the function
 * that takes either. Numbers travel as uniforms: no tensor is made for them.
 */
export function defineBinary(name: keyof typeof CODES, spec: Binary): (x: Tensor, y: Tensor | number) => Tensor {
  const {
    formula,
    f,
    takes,
    gives,
    saves,
    grad,
    scalarSaves,
    scalarGrad,
    cases = [],
    divisor = false,
    bench = false,
  } = spec;
  const dtypes: readonly DType[] = DTYPES[takes];
  const code = (dtype: DType): number => CODES[name] + (dtype === 'float32' ? 0 : INT);
  const result = (dtype: DType): DType => (gives === 'bool' ? 'bool' : dtype);
  const params = (x: DType): { OP: number; T: string; R: string } => ({
    OP: CODES[name],
    T: wgslType(x),
    R: wgslType(result(x)),
  });

  const both = defineOp<Inputs, object>({
    name,
    formula,
    inputs: ['x', 'y'],
    dtypes: { x: dtypes, y: dtypes },
    attrs: {},
    shape: ({ x, y }) => {
      checkSameDtype(name, x, y);
      return broadcastShapes(name, x.shape, y.shape);
    },
    dtype: ({ x }) => result(x.dtype),
    strided: ['x', 'y'],
    webgpu: ({ x, y, output }) =>
      stridedDispatch({
        shader: binaryShader,
        shape: output.shape,
        walked: { x, y },
        bindings: { output },
        uniforms: {},
        params: params(x.dtype),
        perGroup: PER_GROUP,
      }),
    wasm: ({ x, y, output }) => {
      const args = [code(x.dtype), x, y, output];
      const layout = layoutOf(broadcastWalk(output.shape, x, y));
      return { kernel: 'binary', args, layout, range: sizeOf(output.shape), grain: GRAIN, scratch: WALK_BYTES + 32 };
    },
    reference: ({ x, y }) => zip(f, x, y),
    cases: [...shapes(takes, divisor), ...cases, ...(bench ? BENCH : [])],
    ...(saves && { saves }),
    ...(grad && {
      grad: (dy: Tensor, saved: Record<Inputs | 'output', Tensor>, context: GradContext<Inputs>): Grads<Inputs> => {
        const { needs, shapes } = context;
        const parts = grad(dy, saved);
        return {
          x: needs.x ? sumTo(parts.x(), shapes.x) : null,
          y: needs.y ? sumTo(parts.y(), shapes.y) : null,
        };
      },
    }),
  });

  const scalar = defineOp<'x', { value: number }>({
    name: `${name}Scalar`,
    formula: formula.replaceAll('y', 'value'),
    inputs: ['x'],
    dtypes: { x: dtypes },
    attrs: { value: takes === 'bools' ? 1 : 0.75 },
    shape: ({ x }) => x.shape,
    dtype: ({ x }) => result(x.dtype),
    webgpu: ({ x, output }, { value }) =>
      dispatch({
        shader: scalarShader,
        bindings: { x, output },
        uniforms: { total: sizeOf(x.shape), value: wordOf(x.dtype, value) },
        params: params(x.dtype),
        workgroups: grid(sizeOf(x.shape), PER_GROUP),
      }),
    wasm: ({ x, output }, { value }) => {
      const args = [code(x.dtype), x, output, wordOf(x.dtype, value)];
      return { kernel: 'binaryScalar', args, range: sizeOf(x.shape), grain: GRAIN, scratch: 64 };
    },
    reference: ({ x }, { value }) => map(x, (v) => f(v, value)),
    cases: scalarCases(takes, bench),
    ...(scalarSaves && { saves: scalarSaves }),
    ...(scalarGrad && {
      grad: (dy: Tensor, saved: Record<'x' | 'output', Tensor>, { attrs }: GradContext<'x', { value: number }>) => ({
        x: scalarGrad(dy, saved, attrs.value),
      }),
    }),
  });

  return (x, y) => {
    if (!(x instanceof Tensor)) operandError(name, 'x', x);
    if (typeof y !== 'number' && !(y instanceof Tensor)) operandError(name, 'y', y);
    const dtype = common(takes, x.dtype, y);
    const a = x.dtype === dtype ? x : to(x, dtype);
    const b = typeof y === 'number' || y.dtype === dtype ? y : to(y, dtype);
    const output = typeof b === 'number' ? scalar({ x: a }, { value: b }) : both({ x: a, y: b });
    if (a !== x) a.dispose();
    if (typeof b !== 'number' && b !== y) b.dispose();
    return output;
  };
}

function operandError(op: string, which: string, value: unknown): never {
  throw new DTypeError(`${op}: ${which} is ${given(value)}, expected a tensor or a number. Make one with tensor().`);
}

/** The dtype to compute in: a whole number counts as int32, and two bools count as int32 in arithmetic. */
function common(takes: Binary['takes'], x: DType, y: Tensor | number): DType {
  if (takes === 'floats') return 'float32';
  if (takes === 'bools') return 'bool';
  const other: DType = typeof y !== 'number' ? y.dtype : y === (y | 0) ? 'int32' : 'float32';
  const dtype = promote(x, other);
  return dtype === 'bool' && takes === 'numbers' ? 'int32' : dtype;
}
