/** Names, arguments and edges as PyTorch has them: our operations beside its own, values and gradients. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Drawn, draw, upload } from '../engine/checkOp.ts';
import {
  at,
  cat,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  ctcLoss,
  type Device,
  defaultDevice,
  diag,
  diagEmbed,
  diagonal,
  einsum,
  exponentialDecay,
  GRU,
  LSTM,
  type Module,
  meshgrid,
  multiStepDecay,
  oneCycle,
  ReduceLROnPlateau,
  RNN,
  type Schedule,
  scope,
  stepDecay,
  sum,
  Tensor,
  unbind,
} from '../engine/index.ts';
import type { CaseInput } from '../engine/op.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';
import { python, torchVersion } from './support/pytorch.ts';

type Given = Readonly<Record<string, Tensor>>;

interface Row {
  /** In Python, of the inputs by name. */
  readonly torch: string;
  readonly inputs: Readonly<Record<string, readonly number[] | CaseInput>>;
  readonly ours: (t: Given) => Tensor | readonly Tensor[] | Promise<readonly Tensor[]>;
}

const ints = (shape: readonly number[], values: readonly number[]): CaseInput => ({ shape, dtype: 'int32', values });

const INDEXING: readonly Row[] = [
  { torch: 'x[1]', inputs: { x: [3, 4] }, ours: ({ x }) => at(x!, 1) },
  { torch: 'x[-1, 1:3]', inputs: { x: [3, 4] }, ours: ({ x }) => at(x!, -1, '1:3') },
  { torch: 'x[:, None, ::2]', inputs: { x: [3, 5] }, ours: ({ x }) => at(x!, ':', null, '::2') },
  { torch: 'x[..., -2:]', inputs: { x: [2, 3, 5] }, ours: ({ x }) => at(x!, '...', '-2:') },
  { torch: 'x[1, ..., 0]', inputs: { x: [2, 3, 4, 5] }, ours: ({ x }) => at(x!, 1, '...', 0) },
  { torch: 'x[[2, 0, 2]]', inputs: { x: [3, 4] }, ours: ({ x }) => at(x!, [2, 0, 2]) },
  { torch: 'x[:, [0, -1]]', inputs: { x: [3, 4] }, ours: ({ x }) => at(x!, ':', [0, -1]) },
  { torch: 'x[[0, 1], [2, 3]]', inputs: { x: [3, 4] }, ours: ({ x }) => at(x!, [0, 1], [2, 3]) },
  {
    torch: 'x[:, i, j]',
    inputs: { x: [2, 3, 4, 2], i: ints([2, 1], [0, -1]), j: ints([3], [1, 1, -4]) },
    ours: ({ x, i, j }) => at(x!, ':', i!, j!),
  },
  {
    torch: 'x[i, :, j]',
    inputs: { x: [2, 3, 4, 2], i: ints([2, 1], [0, 1]), j: ints([3], [1, 1, 0]) },
    ours: ({ x, i, j }) => at(x!, i!, ':', j!),
  },
  {
    torch: 'x[0, :, i, None]',
    inputs: { x: [2, 3, 4], i: ints([2, 2], [3, 1, 0, 0]) },
    ours: ({ x, i }) => at(x!, 0, ':', i!, null),
  },
  {
    torch: 'x[..., i, 1:]',
    inputs: { x: [2, 3, 4], i: ints([4], [2, 0, -1, 1]) },
    ours: ({ x, i }) => at(x!, '...', i!, '1:'),
  },
];

const SHAPES: readonly Row[] = [
  { torch: 'x.roll(1)', inputs: { x: [2, 3] }, ours: ({ x }) => x!.roll(1) },
  { torch: 'x.roll((1, -2), (0, 1))', inputs: { x: [3, 4] }, ours: ({ x }) => x!.roll([1, -2], [0, 1]) },
  { torch: 'x.flip(0, 2)', inputs: { x: [2, 3, 4] }, ours: ({ x }) => x!.flip([0, 2]) },
  { torch: 'x.tile((2,))', inputs: { x: [2, 3] }, ours: ({ x }) => x!.tile([2]) },
  { torch: 'x.tile((2, 1, 2))', inputs: { x: [2, 3] }, ours: ({ x }) => x!.tile([2, 1, 2]) },
  { torch: 'x.repeat_interleave(2)', inputs: { x: [2, 3] }, ours: ({ x }) => x!.repeatInterleave(2) },
  {
    torch: 'x.repeat_interleave(torch.tensor([1, 0, 2]), 1)',
    inputs: { x: [2, 3] },
    ours: ({ x }) => x!.repeatInterleave([1, 0, 2], 1),
  },
  { torch: 'x.movedim((0, 3), (-1, 0))', inputs: { x: [2, 3, 4, 5] }, ours: ({ x }) => x!.movedim([0, 3], [-1, 0]) },
  { torch: 'x.movedim(1, 0)', inputs: { x: [2, 3, 4] }, ours: ({ x }) => x!.movedim(1, 0) },
  { torch: 'x.unbind(1)', inputs: { x: [2, 3] }, ours: ({ x }) => unbind(x!, 1) },
  { torch: 'torch.diag(x, 1)', inputs: { x: [3] }, ours: ({ x }) => diag(x!, 1) },
  { torch: 'torch.diag(x, -1)', inputs: { x: [3, 4] }, ours: ({ x }) => diag(x!, -1) },
  { torch: 'x.diagonal(1, 0, 2)', inputs: { x: [3, 2, 4] }, ours: ({ x }) => diagonal(x!, 1, 0, 2) },
  { torch: 'torch.diag_embed(x, -2)', inputs: { x: [2, 3] }, ours: ({ x }) => diagEmbed(x!, -2) },
  {
    torch: 'torch.meshgrid(x, y, indexing="xy")',
    inputs: { x: [2], y: [3] },
    ours: ({ x, y }) => meshgrid([x!, y!], { indexing: 'xy' }),
  },
  {
    torch: 'torch.meshgrid(x, y, z, indexing="ij")',
    inputs: { x: [2], y: [3], z: [] },
    ours: ({ x, y, z }) => meshgrid([x!, y!, z!]),
  },
  {
    torch: '[torch.atleast_3d(v) for v in (x, y, z)]',
    inputs: { x: [], y: [3], z: [2, 3] },
    ours: ({ x, y, z }) => [x!, y!, z!].map((v) => v.atLeast3d()),
  },
  {
    torch: '[torch.atleast_2d(v) for v in (x, y)]',
    inputs: { x: [], y: [3] },
    ours: ({ x, y }) => [x!, y!].map((v) => v.atLeast2d()),
  },
  { torch: 'torch.outer(x, y)', inputs: { x: [3], y: [2] }, ours: ({ x, y }) => x!.outer(y!) },
  { torch: 'torch.dot(x, y)', inputs: { x: [4], y: [4] }, ours: ({ x, y }) => x!.dot(y!) },
  { torch: 'torch.mv(x, y)', inputs: { x: [3, 4], y: [4] }, ours: ({ x, y }) => x!.mv(y!) },
  { torch: 'torch.bmm(x, y)', inputs: { x: [2, 3, 4], y: [2, 4, 5] }, ours: ({ x, y }) => x!.bmm(y!) },
  { torch: 'torch.einsum("ii->i", x)', inputs: { x: [3, 3] }, ours: ({ x }) => einsum('ii->i', x!) },
  {
    torch: 'torch.einsum("b...d,...d->b...", x, y)',
    inputs: { x: [2, 3, 4], y: [3, 4] },
    ours: ({ x, y }) => einsum('b...d,...d->b...', x!, y!),
  },
  {
    torch: 'torch.einsum("bhid,bhjd,bhj->bhi", x, y, z)',
    inputs: { x: [2, 2, 3, 4], y: [2, 2, 5, 4], z: [2, 2, 5] },
    ours: ({ x, y, z }) => einsum('bhid,bhjd,bhj->bhi', x!, y!, z!),
  },
  {
    torch: 'torch.einsum("ba,cb", x, y)',
    inputs: { x: [2, 3], y: [4, 2] },
    ours: ({ x, y }) => einsum('ba,cb', x!, y!),
  },
  { torch: 'F.one_hot(x, 4)', inputs: { x: ints([2, 2], [0, 3, 1, 1]) }, ours: ({ x }) => x!.oneHot(4) },
  {
    torch: 'x.index_add(1, i, y, alpha=-2)',
    inputs: { x: [2, 3], i: ints([4], [0, 2, 0, 1]), y: [2, 4] },
    ours: ({ x, i, y }) => x!.indexAdd(1, i!, y!, { alpha: -2 }),
  },
  {
    torch: 'x.scatter(1, i, y[:2, :2])',
    inputs: { x: [3, 5], i: ints([2, 2], [4, 0, 1, 2]), y: [2, 3] },
    ours: ({ x, i, y }) => x!.scatter(1, i!, y!),
  },
  {
    torch: 'x.scatter(0, i, 7)',
    inputs: { x: [3, 2], i: ints([1, 2], [2, 0]) },
    ours: ({ x, i }) => x!.scatter(0, i!, 7),
  },
  {
    torch: 'tuple(x.sort(1, descending=True))',
    inputs: { x: [2, 5] },
    ours: ({ x }) => Object.values(x!.sort(1, { descending: true })),
  },
  {
    torch: 'tuple(x.sort(dim=0, stable=True))',
    inputs: { x: { shape: [7], values: [2, Number.NEGATIVE_INFINITY, 1, 2, -0, 0, 1] } },
    ours: ({ x }) => Object.values(x!.sort(0)),
  },
];

const NUMBERS: readonly Row[] = [
  { torch: 'x.std(1)', inputs: { x: [3, 4] }, ours: ({ x }) => x!.std(1) },
  {
    torch: 'x.std((0, 2), unbiased=False, keepdim=True)',
    inputs: { x: [3, 4, 2] },
    ours: ({ x }) => x!.std([0, 2], { correction: 0, keepdim: true }),
  },
  { torch: 'tuple(x.max(1))', inputs: { x: [3, 4] }, ours: ({ x }) => Object.values(x!.max(1)) },
  {
    torch: 'tuple(x.min(0, keepdim=True))',
    inputs: { x: [3, 4] },
    ours: ({ x }) => Object.values(x!.min(0, { keepdim: true })),
  },
  { torch: 'x.max()', inputs: { x: [3, 4] }, ours: ({ x }) => x!.max() },
  { torch: 'tuple(x.max(0))', inputs: { x: [] }, ours: ({ x }) => Object.values(x!.max(0)) },
  { torch: 'x.median()', inputs: { x: [2, 3] }, ours: ({ x }) => x!.median() },
  { torch: 'tuple(x.median(1))', inputs: { x: [3, 4] }, ours: ({ x }) => Object.values(x!.median(1)) },
  {
    torch: 'tuple(x.median(0, keepdim=True))',
    inputs: { x: [5, 2] },
    ours: ({ x }) => Object.values(x!.median(0, { keepdim: true })),
  },
  { torch: 'x.quantile(0.3)', inputs: { x: [2, 3] }, ours: ({ x }) => x!.quantile(0.3) },
  {
    torch: 'x.quantile(torch.tensor([0.1, 0.75], dtype=torch.float64), 1, keepdim=True)',
    inputs: { x: [3, 7] },
    ours: ({ x }) => x!.quantile([0.1, 0.75], 1, { keepdim: true }),
  },
  {
    torch: 'x.quantile(0.4, 0, interpolation="nearest")',
    inputs: { x: [6, 2] },
    ours: ({ x }) => x!.quantile(0.4, 0, { interpolation: 'nearest' }),
  },
  {
    torch: 'x.quantile(0.5, 0, interpolation="nearest")',
    inputs: { x: [6, 2] },
    ours: ({ x }) => x!.quantile(0.5, 0, { interpolation: 'nearest' }),
  },
  {
    torch: 'x.quantile(0.5, 0, interpolation="nearest")',
    inputs: { x: [4, 2] },
    ours: ({ x }) => x!.quantile(0.5, 0, { interpolation: 'nearest' }),
  },
  { torch: 'x.prod()', inputs: { x: [2, 3] }, ours: ({ x }) => x!.prod() },
  {
    torch: 'x.prod(1, keepdim=True)',
    inputs: { x: { shape: [2, 3], values: [0, 2, 3, 4, 5, 6] } },
    ours: ({ x }) => x!.prod(1, { keepdim: true }),
  },
  {
    torch: 'x.cumprod(1)',
    inputs: { x: { shape: [2, 4], values: [0, 2, 3, 0, 4, 0, 5, 6] } },
    ours: ({ x }) => x!.cumprod(1),
  },
  { torch: 'x.norm()', inputs: { x: { shape: [2, 2], values: [0, 0, 0, 0] } }, ours: ({ x }) => x!.norm() },
  { torch: 'x.norm(1.5, 1)', inputs: { x: [2, 3] }, ours: ({ x }) => x!.norm(1.5, 1) },
  {
    torch: 'x.norm(math.inf, (0, 1), keepdim=True)',
    inputs: { x: [2, 3] },
    ours: ({ x }) => x!.norm(Number.POSITIVE_INFINITY, [0, 1], { keepdim: true }),
  },
  { torch: 'x.lerp(y, 0.25)', inputs: { x: [2, 3], y: [2, 3] }, ours: ({ x, y }) => x!.lerp(y!, 0.25) },
  {
    torch: 'x.addcmul(y, z, value=-2)',
    inputs: { x: [2, 3], y: [3], z: [2, 1] },
    ours: ({ x, y, z }) => x!.addcmul(y!, z!, { value: -2 }),
  },
  { torch: 'x.addcdiv(y, z)', inputs: { x: [2, 3], y: [3], z: [2, 1] }, ours: ({ x, y, z }) => x!.addcdiv(y!, z!) },
  {
    torch: '[x.any(1), x.all(1)]',
    inputs: { x: { shape: [3, 2], dtype: 'bool', values: [0, 0, 0, 1, 1, 1] } },
    ours: ({ x }) => [x!.any(1), x!.all(1)],
  },
];

const size2 = (height: number, width: number) => [height, width] as const;

const VISION: readonly Row[] = [
  {
    torch: 'F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)',
    inputs: { x: [2, 4, 6, 7], w: [6, 2, 3, 2], b: [6] },
    ours: ({ x, w, b }) => conv2d(x!, w!, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 }),
  },
  { torch: 'F.conv2d(x, w)', inputs: { x: [3, 5, 5], w: [2, 3, 2, 2] }, ours: ({ x, w }) => conv2d(x!, w!) },
  {
    torch: 'F.conv1d(x, w, b, stride=2, padding=1)',
    inputs: { x: [2, 3, 9], w: [4, 3, 3], b: [4] },
    ours: ({ x, w, b }) => conv1d(x!, w!, b, { stride: 2, padding: 1 }),
  },
  {
    torch: 'F.conv1d(x, w, groups=3, dilation=2)',
    inputs: { x: [3, 9], w: [3, 1, 3] },
    ours: ({ x, w }) => conv1d(x!, w!, null, { groups: 3, dilation: 2 }),
  },
  {
    torch: 'F.conv_transpose2d(x, w, b, stride=(2, 3), padding=1, output_padding=(1, 2), groups=2, dilation=(2, 1))',
    inputs: { x: [2, 4, 3, 4], w: [4, 3, 3, 2], b: [6] },
    ours: ({ x, w, b }) =>
      convTranspose2d(x!, w!, b, { stride: [2, 3], padding: 1, outputPadding: [1, 2], groups: 2, dilation: [2, 1] }),
  },
  {
    torch: 'F.conv_transpose1d(x, w, b, stride=2, output_padding=1)',
    inputs: { x: [2, 3, 4], w: [3, 2, 3], b: [2] },
    ours: ({ x, w, b }) => convTranspose1d(x!, w!, b, { stride: 2, outputPadding: 1 }),
  },
  {
    torch: 'F.unfold(x, (2, 3), padding=1, stride=2, dilation=(1, 2))',
    inputs: { x: [2, 3, 6, 7] },
    ours: ({ x }) => x!.unfold([2, 3], { padding: 1, stride: 2, dilation: [1, 2] }),
  },
  {
    torch: 'F.fold(x, (4, 5), (2, 2), padding=1, stride=(2, 1))',
    inputs: { x: [2, 8, 18] },
    ours: ({ x }) => x!.fold([4, 5], 2, { padding: 1, stride: [2, 1] }),
  },
  {
    torch: 'F.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, return_indices=True)',
    inputs: { x: [2, 3, 6, 7] },
    ours: ({ x }) => Object.values(x!.maxPool2dWithIndices(3, { stride: 2, padding: 1, ceilMode: true })),
  },
  { torch: 'F.max_pool2d(x, (2, 3))', inputs: { x: [3, 6, 7] }, ours: ({ x }) => x!.maxPool2d([2, 3]) },
  {
    torch: 'F.max_pool2d(x, 2, dilation=2, stride=1)',
    inputs: { x: [1, 1, 5, 6] },
    ours: ({ x }) => x!.maxPool2d(2, { dilation: 2, stride: 1 }),
  },
  {
    torch: 'F.max_pool1d(x, 3, stride=2, padding=1)',
    inputs: { x: [2, 2, 8] },
    ours: ({ x }) => x!.maxPool1d(3, { stride: 2, padding: 1 }),
  },
  {
    torch: 'F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True)',
    inputs: { x: [1, 2, 6, 8] },
    ours: ({ x }) => x!.avgPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
  },
  {
    torch: 'F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)',
    inputs: { x: [1, 2, 6, 8] },
    ours: ({ x }) => x!.avgPool2d(3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
  },
  {
    torch: 'F.avg_pool2d(x, 2, divisor_override=3)',
    inputs: { x: [1, 2, 6, 8] },
    ours: ({ x }) => x!.avgPool2d(2, { divisorOverride: 3 }),
  },
  {
    torch: 'F.avg_pool1d(x, 3, stride=2, padding=1)',
    inputs: { x: [2, 2, 8] },
    ours: ({ x }) => x!.avgPool1d(3, { stride: 2, padding: 1 }),
  },
  {
    torch: 'F.adaptive_avg_pool2d(x, (3, 2))',
    inputs: { x: [2, 3, 7, 5] },
    ours: ({ x }) => x!.adaptiveAvgPool2d([3, 2]),
  },
  { torch: 'F.adaptive_avg_pool1d(x, 4)', inputs: { x: [2, 3, 10] }, ours: ({ x }) => x!.adaptiveAvgPool1d(4) },
  {
    torch: 'F.interpolate(x, size=(5, 9), mode="bilinear")',
    inputs: { x: [1, 2, 4, 6] },
    ours: ({ x }) => x!.interpolate({ size: size2(5, 9), mode: 'bilinear' }),
  },
  {
    torch: 'F.interpolate(x, scale_factor=(1.5, 0.6), mode="bilinear")',
    inputs: { x: [1, 2, 5, 7] },
    ours: ({ x }) => x!.interpolate({ scaleFactor: [1.5, 0.6], mode: 'bilinear' }),
  },
  {
    torch: 'F.interpolate(x, size=(3, 9), mode="bicubic", align_corners=True)',
    inputs: { x: [1, 2, 5, 6] },
    ours: ({ x }) => x!.interpolate({ size: size2(3, 9), mode: 'bicubic', alignCorners: true }),
  },
  {
    torch: 'F.interpolate(x, scale_factor=2, mode="bicubic")',
    inputs: { x: [1, 2, 5, 6] },
    ours: ({ x }) => x!.interpolate({ scaleFactor: 2, mode: 'bicubic' }),
  },
  {
    torch: 'F.interpolate(x, size=(3, 4), mode="bicubic", antialias=True)',
    inputs: { x: [1, 2, 9, 7] },
    ours: ({ x }) => x!.interpolate({ size: size2(3, 4), mode: 'bicubic', antialias: true }),
  },
  {
    torch: 'F.interpolate(x, size=(4, 9), mode="bilinear", antialias=True)',
    inputs: { x: [1, 2, 9, 7] },
    ours: ({ x }) => x!.interpolate({ size: size2(4, 9), mode: 'bilinear', antialias: true }),
  },
  {
    torch: 'F.interpolate(x, scale_factor=2.5)',
    inputs: { x: [1, 2, 3, 4] },
    ours: ({ x }) => x!.interpolate({ scaleFactor: 2.5 }),
  },
  { torch: 'F.interpolate(x, size=5)', inputs: { x: [1, 2, 7] }, ours: ({ x }) => x!.interpolate({ size: 5 }) },
  {
    torch: 'F.interpolate(x, size=5, mode="linear", align_corners=True)',
    inputs: { x: [1, 2, 7] },
    ours: ({ x }) => x!.interpolate({ size: 5, mode: 'linear', alignCorners: true }),
  },
  {
    torch: 'F.interpolate(x, size=(3, 3), mode="area")',
    inputs: { x: [1, 2, 7, 5] },
    ours: ({ x }) => x!.interpolate({ size: 3, mode: 'area' }),
  },
  {
    torch: 'F.group_norm(x, 3, w, b)',
    inputs: { x: [2, 6, 3, 4], w: [6], b: [6] },
    ours: ({ x, w, b }) => x!.groupNorm(3, w, b),
  },
  { torch: 'F.instance_norm(x)', inputs: { x: [2, 3, 3, 4] }, ours: ({ x }) => x!.instanceNorm() },
  {
    torch: '[F.batch_norm(x, m.detach(), v.detach(), w, b, training=True, momentum=0.2), m.detach(), v.detach()]',
    inputs: { x: [4, 3, 5], m: [3], v: { shape: [3], values: 'positive' }, w: [3], b: [3] },
    ours: ({ x, m, v, w, b }) => {
      const [mean, variance] = [m!.detach(), v!.detach()];
      return [x!.batchNorm(mean, variance, w, b, { training: true, momentum: 0.2 }), mean, variance];
    },
  },
  {
    torch: 'F.batch_norm(x, m.detach(), v.detach(), w, b, eps=1e-3)',
    inputs: { x: [4, 3], m: [3], v: { shape: [3], values: 'positive' }, w: [3], b: [3] },
    ours: ({ x, m, v, w, b }) => x!.batchNorm(m!.detach(), v!.detach(), w, b, { eps: 1e-3 }),
  },
];

/** A module whose parameters, in their order, are cut from one row of numbers. */
async function withWeights<M extends Module>(module: M, weights: Tensor): Promise<M> {
  const values = await weights.data();
  let at = 0;
  for (const p of module.parameters()) p.copyFrom(values.slice(at, (at += p.size)));
  return module;
}

const RECURRENT: readonly Row[] = [
  {
    torch: 'run(torch.nn.GRU(2, 3, num_layers=2, bidirectional=True), w.detach(), x, h)',
    inputs: { w: { shape: [324], scale: 0.5 }, x: [4, 2, 2], h: [4, 2, 3] },
    ours: async ({ w, x, h }) =>
      (await withWeights(new GRU(2, 3, { numLayers: 2, bidirectional: true, device: x!.device }), w!)).forward(x!, h),
  },
  {
    torch: 'run(torch.nn.LSTM(2, 3, num_layers=2, bidirectional=True, batch_first=True), w.detach(), x, (h, c))',
    inputs: { w: { shape: [432], scale: 0.5 }, x: [2, 4, 2], h: [4, 2, 3], c: [4, 2, 3] },
    ours: async ({ w, x, h, c }) => {
      const options = { numLayers: 2, bidirectional: true, batchFirst: true, device: x!.device };
      return (await withWeights(new LSTM(2, 3, options), w!)).forward(x!, [h!, c!]).flat();
    },
  },
  {
    torch: 'run(torch.nn.LSTM(2, 3, bias=False), w.detach(), x)',
    inputs: { w: [60], x: [5, 2] },
    ours: async ({ w, x }) =>
      (await withWeights(new LSTM(2, 3, { bias: false, device: x!.device }), w!)).forward(x!).flat(),
  },
  {
    torch: 'run(torch.nn.RNN(2, 3, nonlinearity="relu"), w.detach(), x)',
    inputs: { w: [21], x: [4, 2, 2] },
    ours: async ({ w, x }) =>
      (await withWeights(new RNN(2, 3, { nonlinearity: 'relu', device: x!.device }), w!)).forward(x!),
  },
];

const EDGES: CaseInput = { shape: [11], values: [-40, -20, -3.5, -1, -1e-3, 0, 1e-3, 1, 3.5, 20, 40] };
const pointwise = (torch: string, ours: (x: Tensor) => Tensor): Row => ({
  torch,
  inputs: { x: EDGES },
  ours: ({ x }) => ours(x!),
});
const labels = ints([4], [2, -100, 0, 1]);

const ACTIVATIONS: readonly Row[] = [
  pointwise('F.softplus(x, threshold=200)', (x) => x.softplus()),
  pointwise('F.softplus(x, beta=2, threshold=200)', (x) => x.softplus({ beta: 2 })),
  pointwise('F.logsigmoid(x)', (x) => x.logSigmoid()),
  pointwise('F.leaky_relu(x, 0.2)', (x) => x.leakyRelu(0.2)),
  pointwise('F.elu(x, 0.7)', (x) => x.elu(0.7)),
  pointwise('F.selu(x)', (x) => x.selu()),
  pointwise('F.mish(x)', (x) => x.mish()),
  pointwise('F.hardswish(x)', (x) => x.hardswish()),
  pointwise('F.hardsigmoid(x)', (x) => x.hardsigmoid()),
  pointwise('x * torch.sigmoid(1.702 * x)', (x) => x.quickGelu()),
  { torch: 'F.prelu(x, w)', inputs: { x: [2, 3, 4], w: [3] }, ours: ({ x, w }) => x!.prelu(w!) },
  { torch: 'F.glu(x, 1)', inputs: { x: [2, 6, 3] }, ours: ({ x }) => x!.glu(1) },
];

const LOSSES: readonly Row[] = [
  { torch: 'F.l1_loss(x, y)', inputs: { x: [3, 4], y: [3, 4] }, ours: ({ x, y }) => x!.l1Loss(y!) },
  {
    torch: 'F.huber_loss(x, y, delta=0.6, reduction="sum")',
    inputs: { x: [3, 4], y: [3, 4] },
    ours: ({ x, y }) => x!.huberLoss(y!, { delta: 0.6, reduction: 'sum' }),
  },
  {
    torch: 'F.smooth_l1_loss(x, y, beta=0.6)',
    inputs: { x: [3, 4], y: [3, 4] },
    ours: ({ x, y }) => x!.smoothL1Loss(y!, { beta: 0.6 }),
  },
  {
    torch: 'F.binary_cross_entropy(torch.sigmoid(x), y)',
    inputs: { x: [3, 4], y: { shape: [3, 4], values: [0, 1, 0.5, 1, 0, 0, 1, 0.2, 1, 0, 1, 1] } },
    ours: ({ x, y }) => x!.sigmoid().binaryCrossEntropy(y!),
  },
  {
    torch: 'F.binary_cross_entropy_with_logits(x, y, pos_weight=w.detach())',
    inputs: {
      x: { shape: [3, 2], values: [0, 0, 30, -30, 1, -1] },
      y: { shape: [3, 2], values: [0, 1, 1, 0, 0.3, 0.7] },
      w: { shape: [2], values: 'positive' },
    },
    ours: ({ x, y, w }) => x!.binaryCrossEntropyWithLogits(y!, { posWeight: w!.detach() }),
  },
  {
    torch: 'F.kl_div(F.log_softmax(x, 1), F.softmax(y, 1), reduction="batchmean")',
    inputs: { x: [3, 4], y: [3, 4] },
    ours: ({ x, y }) => x!.logSoftmax(1).klDiv(y!.softmax(1), { reduction: 'batchmean' }),
  },
  {
    torch: 'F.kl_div(x, y, log_target=True)',
    inputs: { x: [3, 4], y: [3, 4] },
    ours: ({ x, y }) => x!.klDiv(y!, { logTarget: true }),
  },
  {
    torch: 'F.nll_loss(x, i, weight=w.detach())',
    inputs: { x: [4, 3], i: labels, w: { shape: [3], values: 'positive' } },
    ours: ({ x, i, w }) => x!.nllLoss(i!, { weight: w!.detach() }),
  },
  {
    torch: 'F.nll_loss(x, i, ignore_index=2, reduction="none")',
    inputs: { x: [4, 3], i: ints([4], [2, 1, 0, 2]) },
    ours: ({ x, i }) => x!.nllLoss(i!, { ignoreIndex: 2, reduction: 'none' }),
  },
  {
    torch: 'F.cosine_similarity(x, y, dim=-1)',
    inputs: { x: [3, 1, 4], y: [2, 4] },
    ours: ({ x, y }) => x!.cosineSimilarity(y!, { dim: -1 }),
  },
  { torch: 'F.normalize(x, p=1, dim=0)', inputs: { x: [3, 4] }, ours: ({ x }) => x!.normalize({ p: 1, dim: 0 }) },
  {
    torch:
      '(lambda logits: (F.cross_entropy(logits, torch.arange(4)) + F.cross_entropy(logits.T, torch.arange(4))) / 2)(s * F.normalize(x) @ F.normalize(y).T)',
    inputs: { x: [4, 5], y: [4, 5], s: { shape: [], values: [3] } },
    ours: ({ x, y, s }) => x!.contrastiveLoss(y!, s!),
  },
  {
    torch: 'F.ctc_loss(F.log_softmax(x, 2), i, (7, 5, 4), (3, 2, 0))',
    inputs: { x: [7, 3, 5], i: ints([3, 3], [1, 2, 2, 4, 3, 0, 0, 0, 0]) },
    ours: ({ x, i }) => ctcLoss(x!.logSoftmax(2), i!, [7, 5, 4], [3, 2, 0]),
  },
  {
    torch: 'F.ctc_loss(F.log_softmax(x, 2), i, (2, 6), (2, 2), blank=3, reduction="sum", zero_infinity=True)',
    inputs: { x: [6, 2, 4], i: ints([2, 2], [1, 1, 2, 0]) },
    ours: ({ x, i }) =>
      ctcLoss(x!.logSoftmax(2), i!, [2, 6], [2, 2], { blank: 3, reduction: 'sum', zeroInfinity: true }),
  },
];

/** The rates of steps 1 to n, and a device to hold them. */
const ratesOf = (schedule: Schedule, n: number) => (): Tensor =>
  Tensor.from(
    defaultDevice(),
    Array.from({ length: n }, (_, i) => schedule(i + 1)),
    [n],
    'float32',
  );

const MEASURES = [5, 4, 4, 4.0001, 3.99999, 3, 3, 3, 3, 3, 3, 2, 2, 2];

const SCHEDULES: readonly Row[] = [
  {
    torch: 'rates(lambda o: schedules.OneCycleLR(o, max_lr=0.3, total_steps=12), 12)',
    inputs: {},
    ours: ratesOf(oneCycle({ maxLr: 0.3, steps: 12 }), 12),
  },
  {
    torch:
      'rates(lambda o: schedules.OneCycleLR(o, max_lr=2, total_steps=9, pct_start=0.5, anneal_strategy="linear", div_factor=10, final_div_factor=100), 9)',
    inputs: {},
    ours: ratesOf(
      oneCycle({ maxLr: 2, steps: 9, pctStart: 0.5, annealStrategy: 'linear', divFactor: 10, finalDivFactor: 100 }),
      9,
    ),
  },
  {
    torch: 'rates(lambda o: schedules.StepLR(o, 3, gamma=0.5), 10)',
    inputs: {},
    ours: ratesOf(stepDecay({ lr: 0.1, stepSize: 3, gamma: 0.5 }), 10),
  },
  {
    torch: 'rates(lambda o: schedules.MultiStepLR(o, [2, 5]), 8)',
    inputs: {},
    ours: ratesOf(multiStepDecay({ lr: 0.1, milestones: [2, 5] }), 8),
  },
  {
    torch: 'rates(lambda o: schedules.ExponentialLR(o, 0.9), 6)',
    inputs: {},
    ours: ratesOf(exponentialDecay({ lr: 0.1, gamma: 0.9 }), 6),
  },
  {
    torch: `rates(lambda o: schedules.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=0.01), 14, ${JSON.stringify(MEASURES)})`,
    inputs: {},
    ours: () => {
      const optimizer = { paramGroups: [{ lr: 0.1 }] };
      const plateau = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1, cooldown: 1, minLr: 0.01 });
      const seen = MEASURES.map((measure) => {
        const { lr } = optimizer.paramGroups[0]!;
        plateau.step(measure);
        return lr;
      });
      return Tensor.from(defaultDevice(), seen, [14], 'float32');
    },
  },
];

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  indexing: INDEXING,
  'shapes and products': SHAPES,
  'reductions and numbers': NUMBERS,
  vision: VISION,
  'recurrent networks': RECURRENT,
  activations: ACTIVATIONS,
  losses: LOSSES,
  'learning rates': SCHEDULES,
};

interface Answer {
  readonly error?: string;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

if (torchVersion() !== null) {
  const rows = Object.values(TABLES).flat();
  const drawn = rows.map(({ inputs }) => draw({ inputs }, 5));
  let answers: readonly Answer[] = [];
  let backends: readonly Device[] = [];
  let folder = '';
  beforeAll(async () => {
    backends = await devices();
    folder = await mkdtemp(join(tmpdir(), 'heddle-torch-'));
    const asked = rows.map(({ torch }, k) => {
      const plain = ({ array, dtype }: Drawn) => ({ shape: array.shape, data: [...array.data], dtype });
      return { torch, inputs: Object.fromEntries(Object.entries(drawn[k]!).map(([name, d]) => [name, plain(d)])) };
    });
    // JSON has no infinities; Python's parser takes the words.
    const text = JSON.stringify(asked, (_, v) => (v === Number.NEGATIVE_INFINITY ? '-Infinity' : v));
    await writeFile(join(folder, 'questions.json'), text.replaceAll('"-Infinity"', '-Infinity'));
    const script = fileURLToPath(new URL('support/pytorch_ops.py', import.meta.url));
    const printed = await python([script, join(folder, 'questions.json')], folder);
    answers = JSON.parse(printed.replaceAll('-Infinity', '"-Infinity"'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Σ cos(0.7·i)·y_i, as the script has it. */
  const weighted = (y: Tensor): Tensor => {
    const weights = Array.from({ length: y.size }, (_, i) => Math.cos(0.7 * i));
    return sum(y.mul(Tensor.from(y.device, weights, y.shape, 'float32')));
  };

  for (const [table, list] of Object.entries(TABLES)) {
    describe(table, () => {
      for (const row of list) {
        const k = rows.indexOf(row);
        it(row.torch, async () => {
          const want = answers[k]!;
          expect(want.error).toBeUndefined();
          for (const device of backends) {
            using _ = scope();
            const given: Record<string, Tensor> = {};
            for (const [name, d] of Object.entries(drawn[k]!)) {
              given[name] = upload(device, d);
              if (d.dtype === 'float32') given[name].requiresGrad_();
            }
            const made = await row.ours(given);
            const outputs = made instanceof Tensor ? [made] : made;
            expect(outputs.map((y) => y.shape)).toEqual(want.outputs.map((y) => y.shape));
            for (const [i, y] of outputs.entries()) {
              const values = want.outputs[i]!.data.map(Number);
              const label = `${row.torch} on ${device.name}`;
              if (values.every(Number.isFinite)) expectClose(await y.data(), values, { label });
              else
                expect(
                  Array.from(await y.data(), (v) => v + 0),
                  label,
                ).toEqual(values.map((v) => v + 0));
            }
            const totals = outputs.filter((y) => y.requiresGrad).map(weighted);
            if (totals.length === 0) continue;
            sum(cat(totals.map((t) => t.reshape([1])))).backward();
            for (const [name, g] of Object.entries(want.gradients)) {
              const label = `${row.torch} on ${device.name}: gradient of ${name}`;
              expectClose(await given[name]!.grad!.data(), g, { label });
            }
          }
        });
      }
    });
  }
}
