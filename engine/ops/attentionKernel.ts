import forwardShader from '../../shaders/attention.wgsl';
import keysShader from '../../shaders/attention_backward_kv.wgsl';
import queriesShader from '../../shaders/attention_backward_q.wgsl';
import rowsShader from '../../shaders/attention_backward_rows.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError } from '../errors.ts';
import type { LaunchTools } from '../launch.ts';
import { seedWords } from '../random.ts';
import { broadcastStrides, type Shape } from '../shape.ts';
import { anchor } from '../strided.ts';
import { widened } from './halves.ts';

/** What the kernels need to know besides the tensors. Weights are dropped by stream `stream` of `seed`. */
export interface AttentionAttrs {
  readonly isCausal: boolean;
  readonly scale: number;
  readonly p: number;
  readonly seed: number;
  readonly stream: number;
}

interface Common {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly mask?: Operand | undefined;
  readonly lse: Operand;
}

type Forward = Common & { readonly output: Operand };
type Backward = Common & {
  readonly y: Operand;
  readonly dy: Operand;
  readonly output: Operand;
  readonly dk: Operand;
  readonly dv: Operand;
};

/** Steps between batches, heads and rows of x [batch, heads, rows, dim]. */
const headed = ({ strides }: Operand): number[] => [strides[0]!, strides[1]!, strides[2]!];
/** The same of x [batch, rows, heads, dim]. */
const rowed = ({ strides }: Operand): number[] => [strides[0]!, strides[2]!, strides[1]!];

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly L: number;
  readonly S: number;
  readonly dim: number;
}
const sizes = ({ q, k }: Common): Sizes => ({
  batch: q.shape[0]!,
  heads: q.shape[1]!,
  L: q.shape[2]!,
  S: k.shape[2]!,
  dim: q.shape[3]!,
});

/** Steps of the mask over [batch, heads, L, S], 0 where it is broadcast. */
function maskSteps({ mask, ...rest }: Common): number[] {
  const { batch, heads, L, S } = sizes(rest);
  const full: Shape = [batch, heads, L, S];
  return mask ? broadcastStrides(mask, full) : [0, 0, 0, 0];
}

/** The dropout threshold as a multiple of 2^-24, which random numbers are: both devices then drop the same weights. */
const threshold = (p: number): number => Math.ceil(p * 2 ** 24) * 2 ** -24;

/** What the wasm kernels read from memory: see `prepare` in assembly/lib/attention.ts. */
function layout(t: Common, { isCausal, seed, stream }: AttentionAttrs, ...operands: readonly number[][]): number[] {
  const { heads, L, S, dim } = sizes(t);
  const [low, high] = seedWords(seed);
  return [heads, L, S, dim, isCausal ? 1 : 0, stream, low, high, ...maskSteps(t), ...operands.flat()];
}

/** Sizes as the kernels' packed copies have them. */
const twelves = ({ S, dim }: Sizes): [number, number] => [Math.ceil(S / 12) * 12, Math.ceil(dim / 12) * 12];

/** Heads of work worth a thread: about 50 µs. */
const grain = ({ L, S, dim }: Sizes, passes: number): number =>
  Math.max(1, Math.ceil(500_000 / Math.max(1, passes * L * S * dim)));

export function forwardOnWasm(t: Forward, attrs: AttentionAttrs): WasmLaunch {
  const s = sizes(t);
  const [keys, dim] = twelves(s);
  return {
    kernel: 'attention',
    args: [t.q, t.k, t.v, t.mask ?? 0, t.output, t.lse, attrs.scale, threshold(attrs.p)],
    layout: layout(t, attrs, headed(t.q), headed(t.k), headed(t.v), rowed(t.output)),
    range: s.batch * s.heads,
    grain: grain(s, 4),
    scratch: 4 * (2 * keys * dim + 16 * (keys + dim) + 128),
  };
}

export function backwardOnWasm(t: Backward, attrs: AttentionAttrs): WasmLaunch {
  const s = sizes(t);
  const [keys, dim] = twelves(s);
  return {
    kernel: 'attentionBackward',
    args: [
      ...[t.q, t.k, t.v, t.mask ?? 0, t.y, t.lse, t.dy, t.output, t.dk, t.dv],
      ...[attrs.scale, threshold(attrs.p)],
    ],
    layout: layout(t, attrs, headed(t.q), headed(t.k), headed(t.v), ...[t.y, t.dy, t.output, t.dk, t.dv].map(rowed)),
    range: s.batch * s.heads,
    grain: grain(s, 10),
    scratch: 4 * (3 * keys * dim + 72 * keys + 96 * dim + 768),
  };
}

/** q, k and v in float32, and the launches that make them so. */
function widenedInputs<T extends Common>(t: T, tools: LaunchTools): { inputs: T; launches: WasmLaunch[] } {
  const [q, k, v] = [widened(t.q, tools), widened(t.k, tools), widened(t.v, tools)];
  const inputs = { ...t, q: q.operand, k: k.operand, v: v.operand };
  return { inputs, launches: [...q.launches, ...k.launches, ...v.launches] };
}

/** Of inputs of either dtype. */
export function mixedForwardOnWasm(given: Forward, attrs: AttentionAttrs, tools: LaunchTools): WasmLaunch[] {
  const { inputs, launches } = widenedInputs(given, tools);
  return [...launches, forwardOnWasm(inputs, attrs)];
}

/** Of inputs of either dtype. */
export function mixedBackwardOnWasm(given: Backward, attrs: AttentionAttrs, tools: LaunchTools): WasmLaunch[] {
  const { inputs, launches } = widenedInputs(given, tools);
  return [...launches, backwardOnWasm(inputs, attrs)];
}

/** Threads along each side of a tile: 8 × 8 threads work on 32 queries by 32 keys. */
const SIDE = 8;
/** Columns of four that a thread can hold of each row: a row may be 4 · SIDE · MAX_QUADS numbers long. */
const MAX_QUADS = 8;
const TILE = 4 * SIDE;

/** How the tiles are cut for the numbers of a head; `bytes` of workgroup memory may hold whole rows. */
function tiles({ q }: Common, rows: string, bytes: number): Record<string, number | string> {
  const dim = q.shape[3]!;
  const quads = Math.max(1, Math.ceil(dim / TILE));
  if (quads > MAX_QUADS) {
    throw new ShapeError(
      `scaledDotProductAttention: ${dim} numbers to a head, at most ${TILE * MAX_QUADS} on WebGPU. Use more heads.`,
    );
  }
  const fit = 2 ** Math.floor(Math.log2(bytes / (16 * quads * SIDE)));
  const HALF = String(q.dtype === 'float16');
  return { HALF, THREADS_M: SIDE, THREADS_N: SIDE, DIM_QUADS: quads, [rows]: Math.max(1, Math.min(8, fit)) };
}

/** What all kernels are told; the operands are bound from where a binding may begin. */
function common(t: Common, attrs: AttentionAttrs, none: Operand) {
  const { batch, heads, L, S, dim } = sizes(t);
  const { isCausal, scale, p, stream, seed } = attrs;
  const [q, k, v, mask] = [anchor(t.q), anchor(t.k), anchor(t.v), anchor(t.mask ?? none)];
  return {
    bindings: { q: q.operand, k: k.operand, v: v.operand, mask: mask.operand },
    uniforms: {
      ...{ count: batch * heads, heads, queries: L, keys: S, dim, causal: isCausal ? 1 : 0 },
      ...{ hasMask: t.mask ? 1 : 0, maskOffset: mask.offset, maskSteps: maskSteps(t) },
      ...{ scale, threshold: Math.ceil(p * 2 ** 24), keepScale: 1 / (1 - p), stream, seed: seedWords(seed) },
      qAt: [q.offset, ...headed(t.q)],
      kAt: [k.offset, ...headed(t.k)],
      vAt: [v.offset, ...headed(t.v)],
    },
  };
}

export function forwardOnWebGPU(t: Forward, attrs: AttentionAttrs, { none }: LaunchTools): WebGPULaunch {
  const { batch, heads, L } = sizes(t);
  const { bindings, uniforms } = common(t, attrs, none);
  return dispatch({
    shader: forwardShader,
    bindings: { ...bindings, output: t.output, lse: t.lse },
    uniforms: { ...uniforms, outputAt: [0, ...rowed(t.output)] },
    params: tiles(t, 'ROWS_V', 4096),
    workgroups: grid(batch * heads * Math.ceil(L / TILE), 1),
  });
}

export function backwardOnWebGPU(t: Backward, attrs: AttentionAttrs, tools: LaunchTools): WebGPULaunch[] {
  const { batch, heads, L, S, dim } = sizes(t);
  const { bindings, uniforms } = common(t, attrs, tools.none);
  const rows = tools.scratch([batch, heads, L, 2]);
  const gradAt = { outputGradAt: [0, ...rowed(t.dy)] };
  const all = {
    ...{ ...uniforms, ...gradAt },
    ...{ qGradAt: [0, ...rowed(t.output)], kGradAt: [0, ...rowed(t.dk)], vGradAt: [0, ...rowed(t.dv)] },
  };
  return [
    dispatch({
      shader: rowsShader,
      bindings: { output: t.y, outputGrad: t.dy, lse: t.lse, rows },
      uniforms: { total: batch * heads * L, heads, queries: L, dim, outputAt: [0, ...rowed(t.y)], ...gradAt },
      workgroups: grid(batch * heads * L, 64),
    }),
    dispatch({
      shader: queriesShader,
      bindings: { ...bindings, outputGrad: t.dy, rows, qGrad: t.output },
      uniforms: all,
      params: tiles(t, 'ROWS_K', 4096),
      workgroups: grid(batch * heads * Math.ceil(L / TILE), 1),
    }),
    dispatch({
      shader: keysShader,
      bindings: { ...bindings, outputGrad: t.dy, rows, kGrad: t.dk, vGrad: t.dv },
      uniforms: all,
      params: { ...tiles(t, 'ROWS_Q', 2048), CHUNK: dim > 64 ? 4 : 8 },
      workgroups: grid(batch * heads * Math.ceil(S / TILE), 1),
    }),
  ];
}
