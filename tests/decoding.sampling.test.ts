import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, Generator, manualSeed } from '../engine/index.ts';
import { generate, greedyDecode, type Hypothesis } from '../transformer/index.ts';
import { ragged, randomModel, tableOf } from './support/decoding.ts';
import { devices } from './support/devices.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
});

describe('drawing', () => {
  const idsOf = (results: Hypothesis[][]): (readonly number[])[] => results.map(([h]) => h!.ids);

  it('gives the same tokens for the same seed, on both devices, with and without the cache', async () => {
    const outputs = [];
    for (const device of both) {
      using model = randomModel(device, 50, { vocab: 60 });
      const sources = ragged(3, 8);
      for (const more of [{ topK: 5 }, { topP: 0.8 }, { temperature: 1.5 }]) {
        const options = { seed: 3, maxLength: 8, ...more };
        const first = idsOf(await generate(model, sources, options));
        expect(idsOf(await generate(model, sources, { ...options, cache: false }))).toEqual(first);
        expect(idsOf(await generate(model, sources, { ...options, seed: 4 }))).not.toEqual(first);
        outputs.push(first);
      }
    }
    expect(outputs.slice(0, 3)).toEqual(outputs.slice(3));
  });

  it('draws from a generator as it goes on, by default from the one of manualSeed', async () => {
    using model = randomModel(wasm, 50);
    const sources = ragged(2, 8);
    const generator = new Generator(3);
    const first = idsOf(await generate(model, sources, { generator }));
    expect(idsOf(await generate(model, sources, { generator }))).not.toEqual(first);
    expect(idsOf(await generate(model, sources, { seed: 3 }))).toEqual(first);
    manualSeed(3);
    expect(idsOf(await generate(model, sources, { temperature: 1 }))).toEqual(first);
    manualSeed(0);
  });

  it('is greedy where only one token is left', async () => {
    using model = randomModel(wasm, 51, { vocab: 60 });
    const sources = ragged(4, 9);
    const want = await greedyDecode(model, sources);
    for (const options of [{ topK: 1 }, { topP: 1e-6 }, { temperature: 1e-3 }]) {
      expect(idsOf(await generate(model, sources, { seed: 1, ...options }))).toEqual(want);
    }
  });

  it('draws as often as the probabilities say, and never outside top k and the nucleus', async () => {
    using model = randomModel(wasm, 52, { vocab: 12 });
    const source = ragged(1, 10)[0]!;
    const next = (await tableOf(model, source, 1))([]);
    const order = [...next.keys()].filter((id) => id > 1).sort((a, b) => next[b]! - next[a]!);
    const share = (ids: number[], temperature: number): Map<number, number> => {
      const weights = ids.map((id) => Math.exp(next[id]! / temperature));
      const all = weights.reduce((a, b) => a + b, 0);
      return new Map(ids.map((id, i) => [id, weights[i]! / all]));
    };
    const all = share(order, 1);
    let mass = 0;
    const nucleus = order.filter((id) => {
      const inside = mass < 0.7;
      mass += all.get(id)!;
      return inside;
    });
    const n = 4000;
    const copies = new Array<number[]>(n).fill(source);
    for (const [options, want] of [
      [{}, all],
      [{ temperature: 2 }, share(order, 2)],
      [{ topK: 3 }, share(order.slice(0, 3), 1)],
      [{ topP: 0.7 }, share(nucleus, 1)],
    ] as const) {
      const counts = new Map<number, number>();
      for (const [h] of await generate(model, copies, { seed: 7, maxLength: 1, ...options })) {
        counts.set(h!.ids[0]!, (counts.get(h!.ids[0]!) ?? 0) + 1);
      }
      expect([...counts.keys()].every((id) => want.has(id))).toBe(true);
      // five standard deviations
      for (const [id, p] of want) {
        expect(Math.abs((counts.get(id) ?? 0) - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)) + 1);
      }
    }
    expect(nucleus.length).toBeGreaterThan(1);
    expect(nucleus.length).toBeLessThan(order.length);
  });
});
