import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  type Device,
  DTypeError,
  full,
  GradientError,
  ShapeError,
  Stream,
  scope,
  tensor,
} from '../engine/index.ts';
import { BOS, beamSearch, greedyDecode, PAD, padded } from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { ragged, randomModel, withoutLeaks } from './support/decoding.ts';
import { devices } from './support/devices.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
});

describe('writeSlice', () => {
  it('writes in place along any dimension, from any layout, of any dtype', async () => {
    for (const device of both) {
      using _ = scope();
      const x = tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3], device });
      const wide = full([2, 5], 0, { device });
      wide.writeSlice(x, -1, 1);
      expect(await wide.tolist()).toEqual([
        [0, 1, 2, 3, 0],
        [0, 4, 5, 6, 0],
      ]);
      const tall = full([4, 2], 9, { device });
      tall.writeSlice(x.transpose().narrow(0, 1, 2), 0, 2);
      expect(await tall.tolist()).toEqual([
        [9, 9],
        [9, 9],
        [2, 5],
        [3, 6],
      ]);
      // a view as the target, and a part of itself as the source
      wide.narrow(1, 2, 3).writeSlice(wide.narrow(1, 1, 2), 1, 0);
      expect(await wide.tolist()).toEqual([
        [0, 1, 1, 2, 0],
        [0, 4, 4, 5, 0],
      ]);
      const bits = full([3], false, { device });
      bits.writeSlice(tensor([true], { device }), 0, 1);
      expect(await bits.tolist()).toEqual([false, true, false]);
      bits.writeSlice(full([0], true, { device }), 0, 3);
      expect(await bits.tolist()).toEqual([false, true, false]);
    }
  });

  it('refuses what does not fit, and makes a saved tensor unusable for gradients', () => {
    using _ = scope();
    const target = full([2, 3], 0, { device: wasm });
    expect(() => target.writeSlice(full([2, 2], 1, { device: wasm }), 1, 2)).toThrow(ShapeError);
    expect(() => target.writeSlice(full([3, 1], 1, { device: wasm }), 1, 0)).toThrow(/\[3, 1\].*\[2, 3\]/);
    expect(() => target.writeSlice(full([2, 1], 1, { device: wasm }), 1, 0.5)).toThrow(ShapeError);
    expect(() => target.writeSlice(full([2, 1], true, { device: wasm }), 1, 0)).toThrow(DTypeError);
    const w = full([2, 3], 2, { device: wasm, requiresGrad: true });
    const y = w.mul(target).sum();
    target.writeSlice(full([2, 1], 1, { device: wasm }), 1, 0);
    expect(() => y.backward()).toThrow(GradientError);
    expect(() => w.mul(2).writeSlice(full([2, 1], 1, { device: wasm }), 1, 0)).toThrow(GradientError);
  });
});

describe('the cache', () => {
  it('gives the scores of the whole decoder at every place, as it grows', async () => {
    for (const device of both) {
      for (const normFirst of [false, true]) {
        using model = randomModel(device, 3, { normFirst });
        const sources = ragged(3, 1);
        const s = new Stream(5);
        // padding as a token read, too: it must be hidden from then on
        const rows = sources.map((_, i) =>
          Array.from({ length: 35 }, (_, t) => (t === 0 ? BOS : i === 1 && t === 4 ? 0 : 3 + s.integer(20))),
        );
        using _ = scope();
        const width = Math.max(...sources.map((r) => r.length));
        const source = padded(sources, width, device, PAD);
        const padding = model.padding(source);
        const memory = model.encode(source, padding);
        const whole = (await model.decode(padded(rows, 35, device, PAD), memory, padding).data()) as Float32Array;
        using state = model.startDecoding(memory, padding);
        for (let t = 0; t < 35; t++) {
          const scores = model.decodeStep(
            rows.map((r) => r[t]!),
            state,
          );
          expect(scores.shape).toEqual([3, 24]);
          expect(state.length).toBe(t + 1);
          // on a software adapter every read takes its time
          if (device.name === 'webgpu' && t % 5 !== 0 && t !== 16) continue;
          const want = [0, 1, 2].flatMap((i) => [...whole.subarray((i * 35 + t) * 24, (i * 35 + t + 1) * 24)]);
          expectClose(await scores.data(), want, { label: `${device.name}, place ${t}` });
        }
      }
    }
  });

  it('follows rows that are repeated, exchanged and dropped with their source', async () => {
    for (const device of both) {
      using model = randomModel(device, 4);
      const sources = ragged(3, 2);
      using _ = scope();
      const source = padded(sources, 9, device, PAD);
      const padding = model.padding(source);
      const memory = model.encode(source, padding);
      using state = model.startDecoding(memory, padding);
      model.decodeStep([BOS, BOS, BOS], state);
      model.decodeStep([5, 6, 7], state);
      state.reorder([0, 0, 1, 1, 2, 2]);
      model.decodeStep([8, 9, 10, 11, 12, 13], state);
      // the first source is done; the two rows of the second change places, the better one of the third goes on twice
      state.reorder([3, 2, 4, 4]);
      const scores = await model.decodeStep([14, 15, 16, 17], state).data();
      const written = [
        [1, BOS, 6, 11, 14],
        [1, BOS, 6, 10, 15],
        [2, BOS, 7, 12, 16],
        [2, BOS, 7, 12, 17],
      ];
      const index = tensor(Int32Array.from([1, 1, 2, 2]), { device });
      const tokens = padded(
        written.map((r) => r.slice(1)),
        4,
        device,
        PAD,
      );
      const all = model.decode(tokens, memory.indexSelect(0, index), padding.indexSelect(0, index));
      expectClose(scores, await all.narrow(1, 3, 1).data(), { label: device.name });
      expect(() => state.reorder([0, 2, 3])).toThrow(ArgumentError);
      expect(() => state.reorder([2, 3, 0, 1])).not.toThrow();
      expect(() => state.reorder([])).toThrow(ArgumentError);
      expect(() => model.decodeStep([1], state)).toThrow(/one for each of the 4 rows/);
    }
  });

  it('decodes a ragged batch to the same tokens as without, and frees all it took', async () => {
    for (const device of both) {
      using model = randomModel(device, 1);
      const sources = ragged(7, 3);
      await greedyDecode(model, sources.slice(0, 1), { maxLength: 2 });
      await withoutLeaks(device, async () => {
        const cached = await greedyDecode(model, sources, { maxLength: 20 });
        expect(cached).toEqual(await greedyDecode(model, sources, { maxLength: 20, cache: false }));
        // sentences end at different places
        expect(new Set(cached.map((ids) => ids.length)).size).toBeGreaterThan(2);
        const beams = await beamSearch(model, sources.slice(0, 4), { beam: 3, nBest: 3, maxLength: 8 });
        const plain = await beamSearch(model, sources.slice(0, 4), { beam: 3, nBest: 3, maxLength: 8, cache: false });
        expect(beams.map((b) => b.map((h) => h.ids))).toEqual(plain.map((b) => b.map((h) => h.ids)));
        expectClose(
          beams.flatMap((b) => b.map((h) => h.score)),
          plain.flatMap((b) => b.map((h) => h.score)),
        );
      });
    }
  });

  it('does not let a sentence depend on the others of its batch', async () => {
    using model = randomModel(wasm, 8);
    const sources = ragged(6, 4);
    const together = await greedyDecode(model, sources);
    for (const [i, source] of sources.entries()) expect((await greedyDecode(model, [source]))[0]).toEqual(together[i]);
  });

  it('leaves a model in training as it was, and uses no dropout', async () => {
    using model = randomModel(wasm, 8);
    const want = await greedyDecode(model, ragged(2, 5));
    model.train();
    expect(await greedyDecode(model, ragged(2, 5))).toEqual(want);
    expect([...model.modules()].every((m) => m.training)).toBe(true);
  });
});
