import type { Shader, ShaderBindings, ShaderParams, ShaderUniforms } from '../shaders/shader.ts';
import { alignment, grid, type Operand, type WebGPULaunch } from './backend.ts';
import { ShapeError } from './errors.ts';
import { broadcastStrides, isContiguous, mergeDims, type Shape, sameShape, sizeOf } from './shape.ts';

/**
 * How kernels walk operands of any strides and offset: over the dimensions of one shape, neighbours merged, in MAX_DIMS
 * places. shaders/lib/walk.wgsl's users take it as uniforms, assembly/lib/strided.ts as a list of integers.
 */

/** Most dimensions a strided kernel walks, after neighbours were merged. */
export const MAX_DIMS = 6;

/** Scratch bytes of a wasm kernel that walks strided operands (assembly/lib/strided.ts). */
export const WALK_BYTES = 192;

/** `values` in exactly MAX_DIMS places, filled up at the front. */
export function padDims(values: readonly number[], fill: number): number[] {
  if (values.length > MAX_DIMS) {
    throw new ShapeError(
      `strided access over ${values.length} dimensions that cannot be merged; at most ${MAX_DIMS}. Call contiguous() on the inputs first.`,
    );
  }
  return [...new Array<number>(MAX_DIMS - values.length).fill(fill), ...values];
}

/** Sizes and strides in MAX_DIMS places, outermost first. */
export interface Walk {
  /** Dimensions that are walked, at least 1; the places before them have size 1. */
  readonly dims: number;
  readonly sizes: number[];
  /** For each operand: 0 along what is repeated. */
  readonly strides: number[][];
}

const ALONG = [0, 0, 0, 0, 0, 1];

/** Of operands that all lie row-major without gaps: one dimension. */
const contiguousWalk = (size: number, operands: number): Walk => ({
  dims: 1,
  sizes: [1, 1, 1, 1, 1, size],
  strides: new Array<number[]>(operands).fill(ALONG),
});

/** The walk of operands with these strides over `shape`. */
export function walk(shape: Shape, ...operands: readonly (readonly number[])[]): Walk {
  if (operands.every((strides) => isContiguous({ shape, strides })))
    return contiguousWalk(sizeOf(shape), operands.length);
  const merged = mergeDims(shape, operands);
  return {
    dims: Math.max(1, merged.shape.length),
    sizes: padDims(merged.shape, 1),
    strides: merged.strides.map((s) => padDims(s, 0)),
  };
}

/** The walk of operands that are broadcast to `shape`. */
export const broadcastWalk = (shape: Shape, ...operands: readonly Operand[]): Walk =>
  walk(shape, ...operands.map((x) => (sameShape(x.shape, shape) ? x.strides : broadcastStrides(x, shape))));

/** A walk as a wasm kernel reads it. */
export function layoutOf({ sizes, strides }: Pick<Walk, 'sizes' | 'strides'>): number[] {
  const layout = new Array<number>(MAX_DIMS * (1 + strides.length));
  let at = 0;
  for (let d = 0; d < MAX_DIMS; d++) layout[at++] = sizes[d]!;
  for (const own of strides) for (let d = 0; d < MAX_DIMS; d++) layout[at++] = own[d]!;
  return layout;
}

/** MAX_DIMS numbers as the `array<vec4<u32>, 2>` of a uniform block. */
export const uniformDims = (values: readonly number[]): number[] => [...values, 0, 0];

/**
 * A strided operand as WebGPU can bind it: from the last place before its first element where a binding may begin, and
 * how far behind that the element is. (From 0 would not do: the offset may be more than one binding reaches.)
 */
export function anchor(operand: Operand): { operand: Operand; offset: number } {
  const offset = operand.offset % alignment(operand.dtype);
  return { operand: { ...operand, offset: operand.offset - offset }, offset };
}

/** Those operands of a shader that it walks: its uniforms have `${name}Strides` and `${name}Offset`. */
type Walked<S extends Shader> = keyof ShaderUniforms<S> extends infer K
  ? K extends `${infer N}Strides`
    ? N
    : never
  : never;

type Rest<S extends Shader> = Omit<ShaderUniforms<S>, 'total' | 'sizes' | `${Walked<S>}Strides` | `${Walked<S>}Offset`>;

/** A dispatch of one invocation, or a few elements of one, for each element of `shape`. */
interface StridedLaunch<S extends Shader> {
  readonly shader: S;
  readonly shape: Shape;
  /** Broadcast to `shape`. */
  readonly walked: Readonly<Record<Walked<S>, Operand>>;
  readonly bindings: Readonly<Record<Exclude<ShaderBindings<S>, Walked<S>>, Operand>>;
  readonly uniforms: Rest<S>;
  readonly params?: Partial<Record<Exclude<ShaderParams<S>, 'DIMS'>, number | string>>;
  /** Elements of a workgroup. */
  readonly perGroup: number;
}

/** The launch of a shader that walks operands: bindings where they can begin, sizes, strides and offsets as uniforms. */
export function stridedDispatch<S extends Shader>(launch: StridedLaunch<S>): WebGPULaunch {
  const { shader, shape, walked, bindings, uniforms, params, perGroup } = launch;
  const operands = Object.entries(walked) as [string, Operand][];
  const { dims, sizes, strides } = broadcastWalk(shape, ...operands.map(([, operand]) => operand));
  const bound: Record<string, Operand> = { ...bindings };
  const total = sizeOf(shape);
  const numbers: Record<string, number | readonly number[]> = { ...uniforms, total, sizes: uniformDims(sizes) };
  for (const [i, [name, given]] of operands.entries()) {
    const { operand, offset } = anchor(given);
    bound[name] = operand;
    numbers[`${name}Offset`] = offset;
    numbers[`${name}Strides`] = uniformDims(strides[i]!);
  }
  return {
    shader,
    bindings: bound,
    uniforms: numbers,
    params: {
      ...(params as Readonly<Record<string, number | string>>),
      ...('DIMS' in shader.params && { DIMS: dims }),
    },
    workgroups: grid(total, perGroup),
  };
}
