import unaryShader from '../../shaders/unary.wgsl';
import backwardShader from '../../shaders/unary_backward.wgsl';
import { dispatch, grid } from '../backend.ts';
import { type CaseInput, defineOp, type KernelOp, type OpCase } from '../op.ts';
import { map, zip } from '../reference.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import codes from './codes.json';
import { GRAIN, PER_GROUP } from './elementwise.ts';

/** Codes of the functions in the shaders and assembly files unary and unaryBackward. */
export const CODES = codes.unary;

/** The two numbers a function may take: the exponent of pow, the bounds of clamp, the slope of leakyRelu. */
export interface Numbers {
  readonly a: number;
  readonly b: number;
}

const NONE: Numbers = { a: 0, b: 0 };

interface Unary<A extends object> {
  /** y as a formula of x. */
  readonly formula: string;
  readonly attrs: A;
  readonly f: (x: number, attrs: A) => number;
  readonly code: (attrs: A) => number;
  readonly numbers?: (attrs: A) => Numbers;
  /** What the gradient is computed from: the input or the output, whichever is cheaper to go on from. */
  readonly saves?: 'x' | 'output';
  /** Inside `autocast` it is kept in float16: where values are of the size of activations. */
  readonly half?: boolean;
  /** d loss / dx from dy and what was saved (dy again where nothing was). */
  readonly grad: (dy: Tensor, saved: Tensor, attrs: A, createGraph: boolean) => Tensor;
  /** For functions made of several others. */
  readonly composed?: (x: Tensor, attrs: A) => Tensor;
  /** Where the function is defined: all numbers, or positive ones only. */
  readonly values?: 'positive';
  /** How wide the numbers of the usual cases are spread. Default: 2. */
  readonly scale?: number;
  /** Besides the usual shapes. */
  readonly cases?: readonly OpCase<'x', never, A>[];
  /** Part of the benchmark. */
  readonly bench?: boolean;
}

/** Defines a function applied to each element of a float32 tensor. */
export function defineUnary<A extends object>(name: string, spec: Unary<A>): KernelOp<'x', never, never, A> {
  const {
    formula,
    attrs,
    f,
    code,
    numbers = () => NONE,
    saves,
    half = false,
    grad,
    composed,
    values = 'normal',
    scale = 2,
    bench = false,
  } = spec;
  const draw = (shape: number[]): CaseInput => ({ shape, values, scale });
  return defineOp<'x', A>({
    name,
    formula,
    inputs: ['x'],
    attrs,
    shape: ({ x }) => x.shape,
    webgpu: ({ x, output }, given) => {
      const total = sizeOf(x.shape);
      return dispatch({
        shader: unaryShader,
        bindings: { x, output },
        uniforms: { total, ...numbers(given) },
        params: { OP: code(given) },
        workgroups: grid(total, PER_GROUP),
      });
    },
    wasm: ({ x, output }, given) => {
      const { a, b } = numbers(given);
      return { kernel: 'unary', args: [code(given), x, output, a, b], range: sizeOf(x.shape), grain: GRAIN / 4 };
    },
    ...(saves && { saves: [saves], halves: half ? [saves] : [] }),
    grad: (dy, saved, context) => ({
      x: grad(dy, saves === undefined ? dy : saved[saves], context.attrs, context.createGraph),
    }),
    ...(composed && { composed: ({ x }: { x: Tensor }, given: A) => composed(x, given) }),
    reference: ({ x }, given) => map(x, (v) => f(v, given)),
    cases: [
      { inputs: { x: draw([7]) } },
      { inputs: { x: draw([5, 33]) } },
      { inputs: { x: draw([]) } },
      { inputs: { x: draw([0, 3]) } },
      ...(spec.cases ?? []),
      ...(bench ? [{ inputs: { x: draw([2048, 1024]) }, bench, gradient: false }] : []),
    ],
  });
}

interface UnaryBackward<A extends object> {
  readonly code: number;
  readonly formula: string;
  readonly attrs: A;
  readonly numbers?: (attrs: A) => Numbers;
  /** f′ from v. */
  readonly slope: (v: number, attrs: A) => number;
  readonly values?: 'positive';
  readonly bench?: boolean;
}

/** Defines dx = dy · f′(v) as one kernel; it has no gradient of its own. */
export function defineUnaryBackward<A extends object>(
  name: string,
  spec: UnaryBackward<A>,
): (dy: Tensor, v: Tensor, attrs?: Partial<A>) => Tensor {
  const { code, formula, attrs, numbers = () => NONE, slope, values = 'normal', bench = false } = spec;
  const op = defineOp<'dy' | 'v', A>({
    name,
    formula,
    inputs: ['dy', 'v'],
    attrs,
    shape: ({ dy }) => dy.shape,
    webgpu: ({ dy, v, output }, given) => {
      const total = sizeOf(dy.shape);
      return dispatch({
        shader: backwardShader,
        bindings: { dy, v, output },
        uniforms: { total, ...numbers(given) },
        params: { OP: code },
        workgroups: grid(total, PER_GROUP),
      });
    },
    wasm: ({ dy, v, output }, given) => {
      const { a, b } = numbers(given);
      return { kernel: 'unaryBackward', args: [code, dy, v, output, a, b], range: sizeOf(dy.shape), grain: GRAIN / 4 };
    },
    reference: ({ dy, v }, given) => zip((g, u) => g! * slope(u!, given), dy, v),
    cases: [[5, 7], [1], [0, 2], ...(bench ? [[2048, 1024]] : [])].map((shape) => ({
      inputs: { dy: shape, v: { shape, values } },
      bench: sizeOf(shape) > 100,
    })),
  });
  return (dy, v, given) => op({ dy, v }, given);
}
