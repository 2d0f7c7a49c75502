import { expect, it, vi } from 'vitest';
import type { Launch } from '../engine/backend.ts';
import { Adam, crossEntropy, scope, tensor } from '../engine/index.ts';
import { flattenParameters } from '../engine/nn/flat.ts';
import { Transformer } from '../transformer/index.ts';
import { devices } from './support/devices.ts';

const nameOf = (launch: Launch): string =>
  'shader' in launch ? launch.shader.name : 'host' in launch ? launch.host : launch.kernel;

it('a training step copies nothing but the gradient of each parameter into its place', async () => {
  // of a width at which WebGPU can bind every part where it lies
  const sizes = { srcVocab: 9, tgtVocab: 9, dModel: 64, heads: 2, layers: 2, feedForward: 12 };
  for (const device of await devices()) {
    using model = new Transformer(sizes, { device });
    const parameters = model.parameters();
    flattenParameters(parameters);
    const launches = vi.spyOn(device, 'run');
    scope(() => {
      const tokens = (rows: number[][]) => tensor(rows, { dtype: 'int32', device });
      const source = tokens([
        [4, 5, 6],
        [7, 8, 0],
      ]);
      const target = tokens([
        [1, 5],
        [1, 6],
      ]);
      crossEntropy(model.forward(source, target), target).backward();
    });
    const counts = (name: string): number => launches.mock.calls.filter(([launch]) => nameOf(launch) === name).length;
    expect(counts('copy'), device.name).toBe(parameters.length);
    // weight and bias of queries, keys and values are parts of one parameter each; 6 attentions
    expect(counts('embedSlice') + counts('embed_slice'), device.name).toBe(6 * 6);
    launches.mockRestore();
  }
});

it('a training step that repeats makes no bind group and no buffer on WebGPU', async () => {
  const device = (await devices()).find(({ name }) => name === 'webgpu');
  if (device === undefined) return; // the loop without WebGPU
  const sizes = { srcVocab: 9, tgtVocab: 9, dModel: 32, heads: 2, layers: 2, feedForward: 64 };
  using model = new Transformer(sizes, { device });
  using adam = new Adam(model.parameters(), { lr: 1e-3 });
  const step = (length: number): void =>
    scope(() => {
      const tokens = tensor(new Int32Array(2 * length).fill(5), { shape: [2, length], device });
      crossEntropy(model.forward(tokens, tokens), tokens).backward();
      adam.step();
      adam.zeroGrad();
    });
  for (const length of [3, 7, 3, 7, 3]) step(length);
  const { bindGroups, buffers } = device.work();
  for (let i = 0; i < 4; i++) step(3);
  expect(device.work()).toMatchObject({ bindGroups, buffers });
});
