import { beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, type Device } from '../engine/index.ts';
import {
  bannedByNgram,
  decodeTokens,
  EOS,
  generate,
  greedyDecode,
  type LogitsProcessor,
  lengthPenalty,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { ragged, randomModel, tableOf } from './support/decoding.ts';
import { devices } from './support/devices.ts';

let wasm: Device;
beforeAll(async () => {
  wasm = (await devices())[0]!;
});

describe('logits processors', () => {
  it('forbid exactly the tokens that would complete an n-gram generated before', () => {
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

  it('keep n-grams from coming twice, by every method of decoding', async () => {
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

  it('penalise what was generated, by the log-probabilities multiplied', async () => {
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

  it('may be custom, applied after those of the options', async () => {
    using model = randomModel(wasm, 60, { vocab: 40 });
    const sources = ragged(4, 11);
    // even tokens are forbidden at even positions; elsewhere they cost three nats
    const even = new Set(Array.from({ length: 20 }, (_, i) => 2 * i));
    const forbidden: LogitsProcessor = (ids) => (ids.length % 2 === 0 ? { tokens: even, score: null } : null);
    const costly: LogitsProcessor = (ids) => (ids.length % 2 === 1 ? { tokens: even, score: (s) => s - 3 } : null);
    const options = { suppress: [0, 1, EOS], maxLength: 6, lengthPenalty: 0, logitsProcessors: [forbidden, costly] };
    for (const way of [{}, { beam: 3, nBest: 3 }, { seed: 1 }]) {
      const found = (await generate(model, sources, { ...options, ...way })).flat();
      expect(found.every(({ ids }) => ids.every((id, i) => i % 2 === 1 || id % 2 === 1))).toBe(true);
      for (const { ids, logProbability, score } of found) {
        expect(score).toBeCloseTo(logProbability - 3 * ids.filter((id) => id % 2 === 0).length, 4);
      }
      expect(found.some(({ ids }) => ids.some((id) => id % 2 === 0))).toBe(true);
    }
  });

  it('may raise scores: beam search then does not stop at the first that ended', async () => {
    using model = randomModel(wasm, 60, { vocab: 6 });
    const score = [null, -0.5, 2, 2, 2];
    const tokens = [[EOS], [EOS, 5], [5], [5], [EOS]].map((ids) => new Set(ids));
    const raised: LogitsProcessor = ({ length: at }) =>
      at > 4 ? null : { tokens: tokens[at]!, score: at === 0 ? null : () => score[at]! };
    const options = { beam: 3, maxLength: 6, lengthPenalty: 0, logitsProcessors: [raised] };
    const [[best] = []] = await generate(model, ragged(1, 1), options);
    expect(best!.ids.slice(1)).toEqual([5, 5, 5, EOS]);
    expect(best!.score).toBeCloseTo(best!.logProbabilities[0]! + 5.5, 4);
  });

  it('end a sequence that may not go on', async () => {
    using model = randomModel(wasm, 60, { vocab: 6 });
    for (const way of [{}, { beam: 2 }, { seed: 1, topK: 3 }]) {
      const [[h] = []] = await generate(model, ragged(1, 1), { suppress: [0, 1, EOS, 3], noRepeatNgram: 1, ...way });
      expect([...h!.ids].sort()).toEqual([4, 5]);
      expect(h!.ended).toBe(false);
    }
  });
});

describe('options', () => {
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
      [{ beam: 2, topK: 2 }, /beam search does not sample/],
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
