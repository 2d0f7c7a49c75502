import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  type Device,
  DTypeError,
  full,
  Generator,
  GradientError,
  manualSeed,
  ShapeError,
  Stream,
  scope,
  tensor,
  trace,
} from '../engine/index.ts';
import {
  BOS,
  bannedByNgram,
  beamSearch,
  crossAttention,
  decodeTokens,
  EOS,
  generate,
  greedyDecode,
  type Hypothesis,
  inspectTranslation,
  lengthPenalty,
  padded,
  Tokenizer,
  Transformer,
  type Translator,
  translate,
  translateBatch,
  translateNBest,
  translateStream,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
});

/** A model with random weights, larger than at the start of training: its sentences differ, and some end. */
function randomModel(device: Device, seed: number, config: { vocab?: number; normFirst?: boolean } = {}): Transformer {
  const { vocab = 24, normFirst = false } = config;
  const sizes = { srcVocab: 20, tgtVocab: vocab, dModel: 16, heads: 2, layers: 2, feedForward: 24 };
  const model = new Transformer({ ...sizes, normFirst }, { device, generator: new Generator(seed) });
  const s = new Stream(seed, 99);
  for (const [{ weight }, scale] of [
    [model.generator, 1.2],
    [model.srcEmbed, 1],
    [model.tgtEmbed, 1],
  ] as const) {
    weight.copyFrom(Float32Array.from({ length: weight.size }, () => s.normal() * scale));
  }
  model.generator.bias!.copyFrom(Float32Array.from({ length: vocab }, (_, id) => (id === EOS ? 2.5 : 0)));
  return model.eval();
}

/** Sources of different lengths, each with its end mark. */
const ragged = (count: number, seed: number): number[][] => {
  const s = new Stream(seed);
  return Array.from({ length: count }, (_, i) => [
    ...Array.from({ length: 1 + (i % 5) + s.integer(3) }, () => 4 + s.integer(16)),
    EOS,
  ]);
};

const words = 'the cat dog sleeps runs sees big small red house tree and a on in , .'.split(' ');
const translator = (device: Device, seed: number): Translator => {
  const source = Tokenizer.build('words', words.slice(0, 16));
  const target = Tokenizer.build('words', words);
  return { model: randomModel(device, seed, { vocab: target.size }), source, target };
};

/** What is live on a device before and after must be equal. */
async function withoutLeaks(device: Device, body: () => Promise<void>): Promise<void> {
  await device.sync();
  const before = device.memory();
  await body();
  await device.sync();
  const after = device.memory();
  expect([after.liveBuffers, after.liveBytes]).toEqual([before.liveBuffers, before.liveBytes]);
}

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
        const source = padded(sources, width, device);
        const padding = model.padding(source);
        const memory = model.encode(source, padding);
        const whole = (await model.decode(padded(rows, 35, device), memory, padding).data()) as Float32Array;
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
      const source = padded(sources, 9, device);
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

/** log p of every next token after every sequence of fewer than `most` tokens without an end mark. */
async function tableOf(model: Transformer, source: number[], most: number): Promise<(ids: number[]) => Float32Array> {
  using _ = scope();
  const vocab = model.config.tgtVocab;
  const table = new Map<string, Float32Array>();
  let sequences: number[][] = [[]];
  for (let length = 0; length < most; length++) {
    const { device } = model;
    const n = sequences.length;
    const memory = model.encode(padded([source], source.length, device)).expand([n, -1, -1]);
    const rows = sequences.map((ids) => [BOS, ...ids]);
    const padding = full([n, source.length], false, { device });
    const all = model.decode(padded(rows, length + 1, device), memory, padding).logSoftmax(-1);
    const logs = (await all.narrow(1, length, 1).data()) as Float32Array;
    for (const [i, ids] of sequences.entries()) table.set(ids.join(), logs.slice(i * vocab, (i + 1) * vocab));
    sequences = sequences.flatMap((ids) => Array.from({ length: vocab }, (_, id) => [...ids, id]));
    sequences = sequences.filter((ids) => ids.at(-1) !== EOS);
  }
  return (ids) => table.get(ids.join())!;
}

interface Plain {
  ids: number[];
  total: number;
}

const rank = (list: Plain[], alpha: number): { ids: number[]; score: number }[] =>
  list
    .map(({ ids, total }) => ({ ids, score: total / ((5 + ids.length) / 6) ** alpha }))
    .sort((a, b) => Number(b.ids.at(-1) === EOS) - Number(a.ids.at(-1) === EOS) || b.score - a.score);

/** Beam search word for word, to the end: no early stop. An unlimited beam is exhaustive search. */
function plainSearch(next: (ids: number[]) => Float32Array, most: number, beam: number): Plain[] {
  const done: Plain[] = [];
  let live: Plain[] = [{ ids: [], total: 0 }];
  for (let length = 1; length <= most; length++) {
    const all = live.flatMap(({ ids, total }) =>
      [...next(ids)].map((log, id) => ({ ids: [...ids, id], total: total + log })),
    );
    const best = all.sort((a, b) => b.total - a.total).slice(0, beam);
    const ends = ({ ids }: Plain): boolean => ids.at(-1) === EOS || length === most;
    done.push(...best.filter(ends));
    live = best.filter((h) => !ends(h));
  }
  return done;
}

/** A model that follows a script: the probabilities of the next token after what was written. */
function scripted(next: (written: readonly number[]) => number[]): { model: Transformer; steps: () => number } {
  let rows: number[][] = [[]];
  let steps = 0;
  const model = {
    config: { tgtVocab: next([]).length },
    device: wasm,
    training: false,
    padding: () => null,
    encode: () => null,
    startDecoding: () => {
      rows = [[]];
      steps = 0;
      return { reorder: (from: number[]) => (rows = from.map((i) => [...rows[i]!])), dispose: () => undefined };
    },
    decodeStep: (tokens: number[]) => {
      steps++;
      rows.forEach((row, i) => void row.push(tokens[i]!));
      return tensor(
        rows.map((row) => next(row.slice(1)).map(Math.log)),
        { device: wasm },
      );
    },
  };
  return { model: model as unknown as Transformer, steps: () => steps };
}

const bestOf = async (model: Transformer, options: object): Promise<readonly number[]> =>
  (await beamSearch(model, [[EOS]], options))[0]![0]!.ids;

describe('beam search', () => {
  it('with a beam wide enough ranks every sequence as exhaustive search does', async () => {
    for (const device of both) {
      for (const seed of device.name === 'wasm' ? [1, 2, 3, 4] : [1]) {
        using model = randomModel(device, seed, { vocab: 5 });
        const source = ragged(1, seed)[0]!;
        const most = device.name === 'wasm' ? 4 : 3;
        const next = await tableOf(model, source, most);
        for (const alpha of [0, 0.6, 1.5]) {
          const options = { maxLength: most, suppress: [], lengthPenalty: alpha };
          const want = rank(plainSearch(next, most, Number.POSITIVE_INFINITY), alpha);
          expect(want.length).toBe(most === 4 ? 85 + 256 : 21 + 64);
          const [got] = await beamSearch(model, [source], { ...options, beam: 400, nBest: 400 });
          expect(got!.length).toBe(want.length);
          expectClose(
            got!.map((h) => h.score),
            want.map((h) => h.score),
            { relative: 1e-5 },
          );
          expect(got!.slice(0, 10).map((h) => h.ids)).toEqual(want.slice(0, 10).map((h) => h.ids));
          // stopping early must not change what comes first
          const [[first] = []] = await beamSearch(model, [source], { ...options, beam: 400 });
          expect(first!.ids).toEqual(want[0]!.ids);
        }
      }
    }
  });

  it('stops early only where a search to the end finds the same', async () => {
    for (let seed = 10; seed < 22; seed++) {
      using model = randomModel(wasm, seed, { vocab: 6 });
      const source = ragged(1, seed)[0]!;
      const next = await tableOf(model, source, 4);
      for (const [beam, nBest, alpha] of [
        [2, 1, 0.6],
        [3, 2, 2],
        [4, 1, 5],
        [4, 4, 0],
        [3, 1, -1],
      ] as const) {
        const want = rank(plainSearch(next, 4, beam), alpha).slice(0, nBest);
        const options = { beam, nBest, lengthPenalty: alpha, maxLength: 4, suppress: [] };
        const [got] = await beamSearch(model, [source], options);
        expect(
          got!.map((h) => h.ids),
          `seed ${seed}, beam ${beam}, ${nBest} best, alpha ${alpha}`,
        ).toEqual(want.map((h) => h.ids));
      }
    }
  });

  it('goes on as long as a longer sentence may win, and not longer', async () => {
    // a sentence that ends at once has log p = −1; the others begin with log p ≈ −3.8, and are certain from there on
    const late = scripted((written) => {
      const p = new Array<number>(30).fill(1e-12);
      if (written.length === 0) return p.map((_, id) => (id === EOS ? Math.exp(-1) : id === 7 ? 0.023 : 0.0216));
      p[written.length === 3 ? EOS : 9] = 1;
      return p;
    });
    const options = { beam: 2, maxLength: 4 };
    expect(await bestOf(late.model, { ...options, lengthPenalty: 5 })).toEqual([7, 9, 9, EOS]);
    expect(late.steps()).toBe(4);
    expect(await bestOf(late.model, { ...options, lengthPenalty: 0.6 })).toEqual([EOS]);
    expect(late.steps()).toBe(1);
    // a penalty that prefers short ones: what counts is the next length, not the longest
    const soon = scripted((written) => {
      const p = new Array<number>(6).fill(1e-12);
      if (written.length > 0) p[EOS] = 1;
      else [p[EOS], p[4], p[5]] = [Math.exp(-1), Math.exp(-0.8), 1 - Math.exp(-1) - Math.exp(-0.8)];
      return p;
    });
    expect(await bestOf(soon.model, { beam: 2, maxLength: 10, lengthPenalty: -1 })).toEqual([4, EOS]);
    expect(soon.steps()).toBe(2);
  });

  it('is greedy with a beam of 1', async () => {
    for (const device of both) {
      using model = randomModel(device, 31);
      const sources = ragged(device.name === 'wasm' ? 12 : 4, 6);
      const limits = { repetitionPenalty: 1.3, noRepeatNgram: 2, maxLength: 12 };
      for (const options of [{ maxLength: 12 }, limits]) {
        const best = (await beamSearch(model, sources, { ...options, beam: 1 })).map(([h]) => h!.ids);
        expect(best).toEqual(await greedyDecode(model, sources, options));
      }
    }
  });

  it('gives a batch what it gives each sentence, best first, with scores that add up', async () => {
    using model = randomModel(wasm, 40, { vocab: 60 });
    const sources = ragged(5, 7);
    const together = await beamSearch(model, sources, { beam: 4, nBest: 3, maxLength: 12 });
    for (const [i, source] of sources.entries()) {
      const [alone] = await beamSearch(model, [source], { beam: 4, nBest: 3, maxLength: 12 });
      expect(together[i]!.map((h) => h.ids)).toEqual(alone!.map((h) => h.ids));
    }
    for (const hypotheses of together) {
      expect(hypotheses.length).toBe(3);
      expect(new Set(hypotheses.map((h) => h.ids.join())).size).toBe(3);
      for (const [i, h] of hypotheses.entries()) {
        expect(h.ended).toBe(h.ids.at(-1) === EOS);
        expect(h.logProbability).toBeCloseTo(
          h.logProbabilities.reduce((a, b) => a + b, 0),
          9,
        );
        expect(h.score).toBeCloseTo(h.logProbability / lengthPenalty(h.ids.length, 0.6), 9);
        const before = hypotheses[i - 1];
        if (before?.ended === h.ended) expect(before.score).toBeGreaterThanOrEqual(h.score);
      }
    }
    expect(await beamSearch(model, [], {})).toEqual([]);
  });

  it('breaks ties by the lower id', async () => {
    using model = randomModel(wasm, 1, { vocab: 9 });
    for (const p of model.generator.parameters()) p.copyFrom(new Float32Array(p.size));
    const options = { suppress: [0, 1, 2, 3], maxLength: 2 };
    const [got] = await beamSearch(model, ragged(1, 1), { ...options, beam: 3, nBest: 3 });
    expect(got!.map((h) => h.ids)).toEqual([
      [4, 4],
      [4, 5],
      [4, 6],
    ]);
    expect(await greedyDecode(model, ragged(1, 1), options)).toEqual([[4, 4]]);
    expect(lengthPenalty(1, 0.6)).toBe(1);
    expect(lengthPenalty(7, 1)).toBe(2);
  });
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

describe('repetition limits', () => {
  it('forbid exactly the tokens that would complete a run written before', () => {
    expect([...bannedByNgram([4, 5, 6, 4, 5], 3)]).toEqual([6]);
    expect([...bannedByNgram([4, 5, 4, 6, 4], 2)]).toEqual([5, 6]);
    expect([...bannedByNgram([4, 4], 1)]).toEqual([4]);
    expect([...bannedByNgram([4, 4, 4], 3)]).toEqual([4]);
    for (const [written, n] of [
      [[4, 5], 3],
      [[], 1],
      [[4, 5, 4, 5], 0],
    ] as const) {
      expect(bannedByNgram(written, n).size).toBe(0);
    }
  });

  it('keep runs from coming twice, in every way of decoding', async () => {
    using model = randomModel(wasm, 60, { vocab: 40 });
    const sources = ragged(6, 11);
    const runs = (ids: readonly number[], n: number): string[] =>
      ids.slice(n - 1).map((_, i) => ids.slice(i, i + n).join());
    const repeats = (ids: readonly number[], n: number): boolean => new Set(runs(ids, n)).size < runs(ids, n).length;
    const free = await generate(model, sources, { suppress: [0, 1, EOS], maxLength: 30 });
    expect(free.some(([h]) => repeats(h!.ids, 2))).toBe(true);
    for (const n of [1, 2, 3]) {
      for (const way of [{}, { beam: 3, nBest: 2 }, { seed: 1, temperature: 0.3 }, { seed: 1, topK: 2 }]) {
        const results = await generate(model, sources, {
          suppress: [0, 1, EOS],
          noRepeatNgram: n,
          maxLength: 30,
          ...way,
        });
        expect(results.flat().some((h) => repeats(h.ids, n))).toBe(false);
        // what is forbidden gives way to what comes next, however far down
        expect(results.flat().every((h) => h.ids.length === 30)).toBe(true);
      }
    }
  });

  it('penalise what was written, by the log-probabilities multiplied', async () => {
    using model = randomModel(wasm, 60, { vocab: 40 });
    const [source] = ragged(1, 11);
    const options = { suppress: [0, 1, EOS], maxLength: 3, repetitionPenalty: 1.7 };
    const next = await tableOf(model, source!, 3);
    const written: number[] = [];
    const logs: number[] = [];
    let value = 0;
    for (let t = 0; t < 3; t++) {
      const row = [...next(written)].map((log, id) => (written.includes(id) ? 1.7 * log : log));
      const best = row.reduce((b, v, id) => (id > 2 && (b < 0 || v > row[b]!) ? id : b), -1);
      value += row[best]!;
      logs.push(next(written)[best]!);
      written.push(best);
    }
    for (const way of [{}, { beam: 1 }]) {
      const [[h] = []] = await generate(model, [source!], { ...options, ...way });
      expect(h!.ids).toEqual(written);
      expectClose(h!.logProbabilities, logs);
      expect(h!.score).toBeCloseTo(value / lengthPenalty(3, 0.6), 4);
      expect(h!.ended).toBe(false);
    }
  });

  it('end a sentence that may not go on', async () => {
    using model = randomModel(wasm, 60, { vocab: 6 });
    for (const way of [{}, { beam: 2 }, { seed: 1, topK: 3 }]) {
      const [[h] = []] = await generate(model, ragged(1, 1), { suppress: [0, 1, EOS, 3], noRepeatNgram: 1, ...way });
      expect([...h!.ids].sort()).toEqual([4, 5]);
      expect(h!.ended).toBe(false);
    }
  });
});

describe('a stream of tokens', () => {
  const text = 'the big cat sees a dog .';

  it('yields the pieces of the translation one after another', async () => {
    for (const device of both) {
      const t = translator(device, 77);
      for (const options of [{ maxLength: 9 }, { seed: 5, topP: 0.9, maxLength: 9 }]) {
        const [whole] = await translateBatch(t, [text], options);
        const pieces: string[] = [];
        const tokens: string[] = [];
        let ends = 0;
        for await (const { piece, token, last } of translateStream(t, text, options)) {
          pieces.push(piece);
          tokens.push(token);
          ends += last ? 1 : 0;
        }
        expect(pieces.join('')).toBe(whole!.text);
        expect(tokens).toEqual(whole!.tokens);
        expect(ends).toBe(1);
      }
      t.model.dispose();
    }
  });

  it('frees everything when the loop is left, and never touches tensors of others', async () => {
    for (const device of both) {
      const t = translator(device, 77);
      await translate(t, text, { maxLength: 2 });
      await withoutLeaks(device, async () => {
        // scopes of whoever reads the stream may come and go
        using _ = scope();
        const mine = full([3], 1, { device });
        let seen = 0;
        for await (const { id } of translateStream(t, text, { suppress: [0, 1, EOS], maxLength: 50 })) {
          using inner = scope();
          inner.keep(mine.add(id));
          if (++seen === 3) break;
        }
        expect(await mine.tolist()).toEqual([1, 1, 1]);
        translateStream(t, text);
      });
      t.model.dispose();
    }
  });
});

describe('translating', () => {
  it('gives nothing for a text without tokens, and keeps the places of the others', async () => {
    const t = translator(wasm, 78);
    expect(await translate(t, '  ')).toBe('');
    const [empty, cat] = await translateBatch(t, ['', 'the cat'], { beam: 2 });
    expect(empty).toMatchObject({ text: '', tokens: [], sourceTokens: [], logProbability: 0 });
    expect(cat!.sourceTokens).toEqual(['the', 'cat', '</s>']);
    expect(await translateBatch(t, [])).toEqual([]);
    const streamed = [];
    for await (const token of translateStream(t, '')) streamed.push(token);
    expect(streamed).toEqual([]);
    expect((await inspectTranslation(t, '')).attention).toEqual([]);
    const lists = await translateNBest(t, ['', 'a dog runs .'], { beam: 4, nBest: 3, maxLength: 6 });
    expect(lists.map((l) => l.length)).toEqual([1, 3]);
    t.model.dispose();
  });

  it('shows what each layer and head looked at, and the probability of each token', async () => {
    for (const device of both) {
      const t = translator(device, 79);
      await translate(t, 'the cat', { maxLength: 2 });
      await withoutLeaks(device, async () => {
        const seen = await inspectTranslation(t, 'the cat sees', { beam: 2, maxLength: 5 });
        expect(seen.attention.length).toBe(2);
        for (const head of seen.attention.flat()) {
          expect(head.length).toBe(seen.tokens.length);
          for (const row of head) {
            expect(row.length).toBe(4);
            expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
          }
        }
        expectClose(seen.probabilities.map(Math.log), seen.logProbabilities);
      });
      t.model.dispose();
    }
  });

  it('reads the same attention from a step with the cache as from the whole, and of a batch as of one', async () => {
    using model = randomModel(wasm, 80);
    const sources = ragged(3, 12);
    const outputs = await greedyDecode(model, sources, { maxLength: 6 });
    const together = await crossAttention(model, sources, outputs);
    for (const [i, source] of sources.entries()) {
      const [alone] = await crossAttention(model, [source], [outputs[i]!]);
      expectClose(together[i]!.flat(3), alone!.flat(3));
    }
    using _ = scope();
    const source = padded([sources[0]!], sources[0]!.length, wasm);
    const padding = model.padding(source);
    using state = model.startDecoding(model.encode(source, padding), padding);
    using recorded = trace({ decompose: ['scaledDotProductAttention'] });
    model.decodeStep([BOS], state);
    recorded.stop();
    const weights = recorded.find(/decoder\.layers\.\d+\.crossAttention\..*softmax$/);
    expect(weights.map((r) => r.output.shape)).toEqual(together[0]!.map(() => [1, 2, 1, sources[0]!.length]));
    for (const [layer, { output }] of weights.entries()) {
      expectClose(
        await output.data(),
        together[0]![layer]!.flatMap((head) => head[0]!),
      );
    }
  });

  it('says what is wrong with an option', async () => {
    using model = randomModel(wasm, 81);
    const wrong = [
      [{ beam: 0 }, /beam 0/],
      [{ beam: 1.5 }, /beam 1.5/],
      [{ beam: 2, nBest: 3 }, /nBest 3/],
      [{ temperature: 0 }, /temperature 0/],
      [{ temperature: -1 }, /temperature -1/],
      [{ temperature: Number.NaN }, /temperature NaN/],
      [{ topK: 0 }, /topK 0/],
      [{ topP: 0 }, /topP 0/],
      [{ topP: 1.01 }, /topP 1.01/],
      [{ maxLength: 0 }, /maxLength 0/],
      [{ repetitionPenalty: 0.5 }, /repetitionPenalty 0.5/],
      [{ noRepeatNgram: -1 }, /noRepeatNgram -1/],
      [{ lengthPenalty: Number.NaN }, /lengthPenalty NaN/],
      [{ beam: 2, topK: 2 }, /draws no tokens/],
    ] as const;
    for (const [options, message] of wrong) {
      await expect(generate(model, ragged(1, 1), options)).rejects.toThrow(message);
      await expect(generate(model, ragged(1, 1), options)).rejects.toThrow(ArgumentError);
    }
    await expect(greedyDecode(model, [[4, EOS], []])).rejects.toThrow(/source 1 has no tokens/);
    expect(() => decodeTokens(model, ragged(1, 1), { beam: 2 } as object)).toThrow(/decides nothing before its end/);
    expect(() => decodeTokens(model, ragged(1, 1), { topP: 2 })).toThrow(ArgumentError);
  });
});
