import { beforeAll, describe, expect, it } from 'vitest';
import { collate, DataLoader, type Device, scope, Tensor, tensor } from '../engine/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

/** An array whose entries come later, the first ones last. */
const slow = <T>(items: readonly T[]) => ({
  length: items.length,
  asked: [] as number[],
  async at(i: number): Promise<T | undefined> {
    this.asked.push(i);
    await new Promise((done) => setTimeout(done, 3 * (items.length - i)));
    return items[i];
  },
});

describe('DataLoader', () => {
  it('gives every example once an epoch, in another order each time, the same for a seed', async () => {
    const epochs = async (seed: number): Promise<number[][][]> => {
      const loader = new DataLoader(slow([...Array(10).keys()]), { batchSize: 4, shuffle: true, seed });
      expect(loader.length).toBe(3);
      const all: number[][][] = [];
      for (let epoch = 0; epoch < 2; epoch++) {
        all.push([]);
        for await (const batch of loader) all[epoch]!.push((await batch.tolist()) as number[]);
      }
      expect(loader.state).toEqual({ epoch: 2, batch: 0 });
      return all;
    };
    const [first, again, other] = await Promise.all([epochs(1), epochs(1), epochs(2)]);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(first![0]).not.toEqual(first![1]);
    for (const epoch of first!) {
      expect(epoch.map((b) => b.length)).toEqual([4, 4, 2]);
      expect(epoch.flat().sort((a, b) => a - b)).toEqual([...Array(10).keys()]);
    }
  });

  it('goes on from a state with the same batches', async () => {
    const make = () => new DataLoader([...Array(11).keys()], { batchSize: 3, shuffle: true, seed: 7, dropLast: true });
    const all: number[][] = [];
    const loader = make();
    for (let epoch = 0; epoch < 2; epoch++) for await (const b of loader) all.push((await b.tolist()) as number[]);
    expect(all).toHaveLength(6);
    const first = make();
    for await (const b of first) {
      expect(await b.tolist()).toEqual(all[first.state.batch - 1]);
      if (first.state.batch === 2) break;
    }
    const second = make();
    second.state = JSON.parse(JSON.stringify(first.state));
    const rest: number[][] = [];
    for await (const b of second) rest.push((await b.tolist()) as number[]);
    for await (const b of second) rest.push((await b.tolist()) as number[]);
    expect(rest).toEqual(all.slice(2));
    expect(() => {
      second.state = { epoch: 0, batch: 4 };
    }).toThrow(/at most 3 batches/);
  });

  it('reads ahead as far as asked, and no further', async () => {
    const dataset = slow([0, 1, 2, 3, 4, 5]);
    for await (const _ of new DataLoader(dataset, { prefetch: 2 })) break;
    expect(dataset.asked).toEqual([0, 1, 2]);
    const single = slow([0, 1, 2]);
    for await (const _ of new DataLoader(single, { prefetch: 0 })) break;
    expect(single.asked).toEqual([0]);
  });

  it('frees a batch when the next is asked for, and when the loop ends early; nothing that others own', async () => {
    for (const device of backends) {
      const mine = tensor([1, 2], { device });
      const before = device.memory().liveBuffers;
      const examples = Array.from({ length: 6 }, (_, i) => ({ x: Float32Array.of(i, i), name: `n${i}`, mine }));
      const loader = new DataLoader(examples, {
        batchSize: 2,
        collate: (all) => ({
          x: collate(
            all.map((e) => e.x),
            { device },
          ),
          mine,
        }),
      });
      let last: Tensor | null = null;
      let kept: Tensor | null = null;
      for await (const { x } of loader) {
        if (last !== null) expect(last.disposed).toBe(true);
        kept ??= x.detach();
        last = x;
        using _ = scope();
        x.mul(2);
        if (loader.state.batch === 2) break;
      }
      expect(last!.disposed).toBe(true);
      expect(await kept!.tolist()).toEqual([
        [0, 0],
        [1, 1],
      ]);
      kept!.dispose();
      expect(mine.disposed).toBe(false);
      expect(device.memory().liveBuffers).toBe(before);
      mine.dispose();
    }
  });

  it('throws what reading an example throws, where it is asked for', async () => {
    const dataset = { length: 3, at: async (i: number) => (i === 1 ? Promise.reject(new Error('gone')) : i) };
    const seen: unknown[] = [];
    const run = async () => {
      for await (const b of new DataLoader(dataset)) seen.push(await b.tolist());
    };
    await expect(run()).rejects.toThrow('gone');
    expect(seen).toEqual([[0]]);
    const short = { length: 2, at: (i: number) => [5][i] };
    await expect(
      (async () => {
        for await (const _ of new DataLoader(short, { batchSize: 2 }));
      })(),
    ).rejects.toThrow(/the dataset of 2 has no example 1/);
    expect(() => new DataLoader([1], { batchSize: 0 })).toThrow(/batchSize 0/);
  });
});

describe('collate', () => {
  it('stacks numbers, arrays, tensors and records of them', async () => {
    const batch = collate(
      [0, 1].map((i) => ({
        label: i,
        pixels: Float32Array.of(i, 2),
        grid: [
          [i, 1],
          [2, 3],
        ],
        flag: i === 1,
        ids: Int32Array.of(7, i),
        inner: { t: tensor([i]) },
        text: `t${i}`,
      })),
      { dtypes: { label: 'int32' } },
    );
    const shown = Object.entries(batch).flatMap(([k, v]) => (v instanceof Tensor ? [[k, v.dtype, v.shape]] : []));
    expect(shown).toEqual([
      ['label', 'int32', [2]],
      ['pixels', 'float32', [2, 2]],
      ['grid', 'float32', [2, 2, 2]],
      ['flag', 'bool', [2]],
      ['ids', 'int32', [2, 2]],
    ]);
    expect(await batch.inner.t.tolist()).toEqual([[0], [1]]);
    expect(batch.text).toEqual(['t0', 't1']);
    expect(await batch.ids.tolist()).toEqual([
      [7, 0],
      [7, 1],
    ]);
    expect(() => collate([[1, 2], [1]])).toThrow(/example 0 has shape \[2\] and example 1 has \[1\]. .*pad them/);
    expect(() => collate([null])).toThrow(/collate: example is null/);
  });
});
