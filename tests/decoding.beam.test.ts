import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, tensor } from '../engine/index.ts';
import {
  type BeamOptions,
  beamSearch,
  EOS,
  type GenerativeModel,
  greedyDecode,
  lengthPenalty,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { ragged, randomModel, tableOf } from './support/decoding.ts';
import { devices } from './support/devices.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
});

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

/** A model that follows a script, and takes inputs that are no tokens: the probabilities of the next token after others. */
function scripted(next: (ids: readonly number[]) => number[]): {
  model: GenerativeModel<'input'>;
  steps: () => number;
} {
  let steps = 0;
  const model: GenerativeModel<'input'> = {
    training: false,
    train: () => undefined,
    generationDefaults: { padId: 0 },
    startGeneration: (inputs, { bos }) => {
      let rows = inputs.map((): number[] => []);
      steps = 0;
      return {
        vocab: next([]).length,
        firstTokens: inputs.map(() => bos),
        room: inputs.map(() => Number.POSITIVE_INFINITY),
        defaultLength: inputs.map(() => 10),
        step: (tokens) => {
          steps++;
          rows.forEach((row, i) => void row.push(tokens[i]!));
          return tensor(
            rows.map((row) => next(row.slice(1)).map(Math.log)),
            { device: wasm },
          );
        },
        reorder: (from) => {
          rows = from.map((i) => [...rows[i]!]);
        },
        dispose: () => undefined,
      };
    },
  };
  return { model, steps: () => steps };
}

const bestOf = async (model: GenerativeModel<'input'>, options: BeamOptions): Promise<readonly number[]> =>
  (await beamSearch(model, ['input'], options))[0]![0]!.ids;

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
    const late = scripted((ids) => {
      const p = new Array<number>(30).fill(1e-12);
      if (ids.length === 0) return p.map((_, id) => (id === EOS ? Math.exp(-1) : id === 7 ? 0.023 : 0.0216));
      p[ids.length === 3 ? EOS : 9] = 1;
      return p;
    });
    const options = { beam: 2, maxLength: 4 };
    expect(await bestOf(late.model, { ...options, lengthPenalty: 5 })).toEqual([7, 9, 9, EOS]);
    expect(late.steps()).toBe(4);
    expect(await bestOf(late.model, { ...options, lengthPenalty: 0.6 })).toEqual([EOS]);
    expect(late.steps()).toBe(1);
    // a penalty that prefers short ones: what counts is the next length, not the longest
    const soon = scripted((ids) => {
      const p = new Array<number>(6).fill(1e-12);
      if (ids.length > 0) p[EOS] = 1;
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
