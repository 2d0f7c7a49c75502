import type { Operand, WasmLaunch, WebGPULaunch } from '../backend.ts';
import { DeviceError } from '../errors.ts';
import type { LaunchTools } from '../op.ts';
import { seedWords } from '../random.ts';
import { broadcastStrides, type Shape } from '../shape.ts';
import type { AttentionAttrs } from './attention.ts';

interface Common {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly mask?: Operand | undefined;
  readonly lse: Operand;
}

type Forward = Common & { readonly output: Operand };
type Backward = Common & { readonly y: Operand; readonly dy: Operand; readonly output: Operand; readonly dk: Operand; readonly dv: Operand };

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
const sizes = ({ q, k }: Common): Sizes => ({ batch: q.shape[0]!, heads: q.shape[1]!, L: q.shape[2]!, S: k.shape[2]!, dim: q.shape[3]! });

/** Steps of the mask over [batch, heads, L, S], 0 where it is broadcast. */
function maskSteps({ mask, ...rest }: Common): number[] {
  const { batch, heads, L, S } = sizes(rest);
  const full: Shape = [batch, heads, L, S];
  return mask ? broadcastStrides(mask, full) : [0, 0, 0, 0];
}

/** The dropout threshold as a multiple of 2^-24, which random numbers are: both devices then drop the same weights. */
const threshold = (p: number): number => Math.ceil(p * 2 ** 24) * 2 ** -24;

const tail = (t: Common, { isCausal, scale, p, seed, stream }: AttentionAttrs): number[] => [
  ...maskSteps(t),
  ...[isCausal ? 1 : 0, scale, threshold(p), stream],
  ...seedWords(seed),
];

/** Numbers of a tensor packed in panels of 8 rows. */
const packed = (rows: number, dim: number): number => Math.ceil(rows / 8) * 8 * dim;

/** Heads of work worth a thread: about 50 µs. */
const grain = ({ L, S, dim }: Sizes, passes: number): number => Math.max(1, Math.ceil(500_000 / Math.max(1, passes * L * S * dim)));

export function forwardOnWasm(t: Forward, attrs: AttentionAttrs): WasmLaunch {
  const s = sizes(t);
  return {
    kernel: 'attention',
    args: [
      ...[t.q, t.k, t.v, t.mask ?? 0, t.output, t.lse],
      ...[s.heads, s.L, s.S, s.dim],
      ...[...headed(t.q), ...headed(t.k), ...headed(t.v), ...rowed(t.output)],
      ...tail(t, attrs),
    ],
    range: s.batch * s.heads,
    grain: grain(s, 4),
    scratch: 4 * (packed(s.S, s.dim) + 4 * 64 + 4 * s.dim + 16),
  };
}

export function backwardOnWasm(t: Backward, attrs: AttentionAttrs): WasmLaunch {
  const s = sizes(t);
  return {
    kernel: 'attentionBackward',
    args: [
      ...[t.q, t.k, t.v, t.mask ?? 0, t.y, t.lse, t.dy, t.output, t.dk, t.dv],
      ...[s.heads, s.L, s.S, s.dim],
      ...[...headed(t.q), ...headed(t.k), ...headed(t.v), ...rowed(t.y), ...rowed(t.dy)],
      ...tail(t, attrs),
    ],
    range: s.batch * s.heads,
    grain: grain(s, 10),
    scratch: 4 * (2 * packed(s.S, s.dim) + 2 * 4 * 64 + 4 * s.dim + 8),
  };
}

export function forwardOnWebGPU(_t: Forward, _attrs: AttentionAttrs, _tools: LaunchTools): WebGPULaunch[] {
  throw new DeviceError('attention on webgpu: in the making');
}

export function backwardOnWebGPU(_t: Backward, _attrs: AttentionAttrs, _tools: LaunchTools): WebGPULaunch[] {
  throw new DeviceError('attention on webgpu: in the making');
}
