import foldShader from '../../shaders/fold.wgsl';
import unfoldShader from '../../shaders/unfold.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  pairOf,
  planesOf,
  type SizePair,
  type Window,
  type WindowAttrs,
  type WindowOptions,
  windowAttrs,
  windowLayout,
  windowOver,
  windowPlaces,
} from './window.ts';

const ONE: WindowAttrs = { kernelSize: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1] };

function columnsShape(x: Shape, attrs: WindowAttrs): number[] {
  if (x.length !== 4) throw new ShapeError(`unfold: ${show(x)}. Expected [batch, channels, height, width].`);
  const { kernelY, kernelX, outY, outX } = windowOver('unfold', x, attrs);
  return [x[0]!, x[1]! * kernelY * kernelX, outY * outX];
}

const unfoldOp = defineOp({
  name: 'unfold',
  formula: 'every window of x as a column',
  inputs: ['x'],
  attrs: ONE,
  shape: ({ x }, attrs) => columnsShape(x.shape, attrs),
  webgpu: ({ x, output }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: unfoldShader,
      bindings: { x, output },
      uniforms: { total, ...windowOver('unfold', x.shape, attrs) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, output }, attrs) => {
    const window = windowOver('unfold', x.shape, attrs);
    const range = x.shape[0]! * x.shape[1]! * window.kernelY * window.kernelX;
    const grain = Math.ceil(32768 / (window.outY * window.outX));
    return { kernel: 'unfold', args: [x, output], layout: windowLayout(window), range, grain };
  },
  grad: (dy, _saved, { attrs, shapes }) => ({
    x: foldOp({ x: dy }, { ...attrs, outputSize: [shapes.x[2]!, shapes.x[3]!] }),
  }),
  reference: ({ x }, attrs) => {
    const window = windowOver('unfold', x.shape, attrs);
    const out = ndarray(columnsShape(x.shape, attrs));
    const outs = window.outY * window.outX;
    planesOf(x).forEach((plane, p) => {
      for (const { out: o, k, place } of windowPlaces(window)) {
        if (place >= 0) out.data[(p * window.kernelY * window.kernelX + k) * outs + o] = plane[place]!;
      }
    });
    return out;
  },
  cases: [
    { inputs: { x: [2, 3, 5, 6] }, attrs: { ...ONE, kernelSize: [2, 3] } },
    { inputs: { x: [1, 2, 7, 8] }, attrs: { kernelSize: [3, 2], stride: [2, 3], padding: [1, 2], dilation: [2, 1] } },
    { inputs: { x: [1, 1, 1, 9] }, attrs: { kernelSize: [1, 3], stride: [1, 2], padding: [0, 4], dilation: [1, 3] } },
    { inputs: { x: [0, 2, 3, 3] }, attrs: { ...ONE, kernelSize: [2, 2] } },
    {
      inputs: { x: [8, 64, 56, 56] },
      attrs: { ...ONE, kernelSize: [3, 3], padding: [1, 1] },
      bench: true,
      gradient: false,
    },
  ],
});

interface FoldAttrs extends WindowAttrs {
  readonly outputSize: readonly [number, number];
}

/** The shape of the output, and the window over it. */
function folded(x: Shape, attrs: FoldAttrs): { shape: number[]; window: Window } {
  const window = windowOver('fold', attrs.outputSize, attrs);
  const kernel = window.kernelY * window.kernelX;
  const outs = window.outY * window.outX;
  if (x.length !== 3 || x[1]! % kernel !== 0 || x[2] !== outs) {
    throw new ShapeError(
      `fold: ${show(x)} with windows of ${show(attrs.kernelSize)} over ${show(attrs.outputSize)}. ` +
        `Expected [batch, channels · ${kernel}, ${outs}].`,
    );
  }
  return { shape: [x[0]!, x[1]! / kernel, ...attrs.outputSize], window };
}

const foldOp = defineOp({
  name: 'fold',
  formula: 'columns added up where the windows they come from lie',
  inputs: ['x'],
  attrs: { ...ONE, outputSize: [1, 1] } as FoldAttrs,
  shape: ({ x }, attrs) => folded(x.shape, attrs).shape,
  webgpu: ({ x, output }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: foldShader,
      bindings: { x, output },
      uniforms: { total, ...folded(x.shape, attrs).window },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, output }, attrs) => {
    const { shape, window } = folded(x.shape, attrs);
    const grain = Math.ceil(16384 / (window.outY * window.outX * window.kernelY * window.kernelX));
    return { kernel: 'fold', args: [x, output], layout: windowLayout(window), range: shape[0]! * shape[1]!, grain };
  },
  grad: (dy, _saved, { attrs }): { x: Tensor } => {
    const { kernelSize, stride, padding, dilation } = attrs;
    return { x: unfoldOp({ x: dy }, { kernelSize, stride, padding, dilation }) };
  },
  reference: ({ x }, attrs): NDArray => {
    const { shape, window } = folded(x.shape, attrs);
    const out = ndarray(shape);
    const outs = window.outY * window.outX;
    planesOf(out).forEach((plane, p) => {
      for (const { out: o, k, place } of windowPlaces(window)) {
        if (place >= 0) plane[place]! += x.data[(p * window.kernelY * window.kernelX + k) * outs + o]!;
      }
    });
    return out;
  },
  cases: [
    { inputs: { x: [2, 12, 12] }, attrs: { ...ONE, kernelSize: [2, 3], outputSize: [4, 6] } },
    {
      inputs: { x: [1, 12, 16] },
      attrs: { kernelSize: [3, 2], stride: [2, 3], padding: [1, 2], dilation: [2, 1], outputSize: [9, 9] },
    },
    {
      inputs: { x: [1, 3, 12] },
      attrs: { kernelSize: [1, 3], stride: [1, 1], padding: [0, 2], dilation: [1, 2], outputSize: [1, 12] },
    },
    { inputs: { x: [0, 4, 4] }, attrs: { ...ONE, kernelSize: [2, 2], outputSize: [3, 3] } },
  ],
});

/**
 * Every window of `x` as a column: [batch, channels, height, width] → [batch, channels · kernel, windows], the windows row
 * by row; what lies beyond x is 0. As torch.nn.functional.unfold (im2col). float32.
 */
export const unfold = (x: Tensor, kernelSize: SizePair, options: WindowOptions = {}): Tensor =>
  unfoldOp({ x }, windowAttrs('unfold', kernelSize, options));

/**
 * Columns added up where the windows they come from lie: [batch, channels · kernel, windows] → [batch, channels, height,
 * width], outputSize being height and width. The gradient of {@link unfold}; as torch.nn.functional.fold (col2im). float32.
 */
export const fold = (x: Tensor, outputSize: SizePair, kernelSize: SizePair, options: WindowOptions = {}): Tensor =>
  foldOp(
    { x },
    { ...windowAttrs('fold', kernelSize, options), outputSize: pairOf('fold', 'outputSize', outputSize, 1) },
  );
