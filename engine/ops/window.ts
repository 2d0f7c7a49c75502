import { ArgumentError, ShapeError, show } from '../errors.ts';
import type { NDArray } from '../reference.ts';
import type { Shape } from '../shape.ts';

/** A number for both dimensions, or one for rows and one for columns. */
export type SizePair = number | readonly [number, number];

/** How a window slides over the last two dimensions: what convolution, pooling, unfold and fold have in common. */
export interface WindowAttrs {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

export interface WindowOptions {
  /** Steps from window to window. */
  readonly stride?: SizePair;
  /** Rows and columns put on each side. */
  readonly padding?: SizePair;
  /** Steps from element to element of a window. */
  readonly dilation?: SizePair;
}

/** The two numbers meant; throws an ArgumentError for one below `least`. */
export function pairOf(op: string, name: string, value: SizePair, least: number): [number, number] {
  const pair: readonly number[] = typeof value === 'number' ? [value, value] : value;
  if (pair.length === 2 && pair.every((v) => Number.isInteger(v) && v >= least)) return [pair[0]!, pair[1]!];
  throw new ArgumentError(`${op}: ${name} ${show(pair)}. Expected a whole number from ${least}, or two of them.`);
}

/** The attributes of a window from what the user gave; `stride` is the default. */
export function windowAttrs(
  op: string,
  kernelSize: SizePair,
  { stride = 1, padding = 0, dilation = 1 }: WindowOptions,
): WindowAttrs {
  return {
    kernelSize: pairOf(op, 'kernelSize', kernelSize, 1),
    stride: pairOf(op, 'stride', stride, 1),
    padding: pairOf(op, 'padding', padding, 0),
    dilation: pairOf(op, 'dilation', dilation, 1),
  };
}

/** A window over planes of a certain size, as shaders/lib/window.wgsl and assembly/lib/window.ts take it. */
export interface Window {
  readonly height: number;
  readonly width: number;
  readonly kernelY: number;
  readonly kernelX: number;
  readonly outY: number;
  readonly outX: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padY: number;
  readonly padX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly divisor: number;
  readonly padded: number;
}

/** Places of a window of `kernel` elements along n, the last one cut off where `ceil` lets it begin inside. */
function places(n: number, kernel: number, stride: number, pad: number, dilation: number, ceil: boolean): number {
  const room = n + 2 * pad - dilation * (kernel - 1) - 1;
  const out = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  return ceil && (out - 1) * stride >= n + pad ? out - 1 : out;
}

export function windowOver(
  op: string,
  shape: Shape,
  { kernelSize, stride, padding, dilation }: WindowAttrs,
  { ceilMode = false, divisor = 0, padded = true } = {},
): Window {
  const [height, width] = shape.slice(-2) as [number, number];
  const [outY, outX] = [0, 1].map((k) =>
    places([height, width][k]!, kernelSize[k]!, stride[k]!, padding[k]!, dilation[k]!, ceilMode),
  ) as [number, number];
  if (outY < 1 || outX < 1) {
    throw new ShapeError(
      `${op}: a window of ${show(kernelSize)}, dilation ${show(dilation)}, does not fit into ${show([height, width])} ` +
        `with padding ${show(padding)}.`,
    );
  }
  return {
    ...{ height, width, kernelY: kernelSize[0], kernelX: kernelSize[1], outY, outX },
    ...{ strideY: stride[0], strideX: stride[1], padY: padding[0], padX: padding[1] },
    ...{ dilationY: dilation[0], dilationX: dilation[1], divisor, padded: padded ? 1 : 0 },
  };
}

/** The same as a wasm kernel reads it. */
export const windowLayout = (w: Window): number[] => [
  ...[w.height, w.width, w.kernelY, w.kernelX, w.outY, w.outX, w.strideY, w.strideX],
  ...[w.padY, w.padX, w.dilationY, w.dilationX, w.divisor, w.padded],
];

/** The reference: every element of every window over a plane, with its place; outside the plane −1. */
export function* windowPlaces(w: Window): Generator<{ out: number; k: number; place: number }> {
  for (let oy = 0; oy < w.outY; oy++) {
    for (let ox = 0; ox < w.outX; ox++) {
      for (let ky = 0; ky < w.kernelY; ky++) {
        for (let kx = 0; kx < w.kernelX; kx++) {
          const [y, x] = [oy * w.strideY - w.padY + ky * w.dilationY, ox * w.strideX - w.padX + kx * w.dilationX];
          const inside = y >= 0 && y < w.height && x >= 0 && x < w.width;
          yield { out: oy * w.outX + ox, k: ky * w.kernelX + kx, place: inside ? y * w.width + x : -1 };
        }
      }
    }
  }
}

/** Planes of an array whose last `dims` dimensions are one plane. */
export const planesOf = ({ shape, data }: NDArray, dims = 2): Float64Array[] => {
  const size = shape.slice(shape.length - dims).reduce((a, b) => a * b, 1);
  return Array.from({ length: size === 0 ? 0 : data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size));
};
