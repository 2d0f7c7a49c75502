import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, full, scope, trace } from '../engine/index.ts';
import {
  BOS,
  crossAttention,
  EOS,
  greedyDecode,
  inspectTranslation,
  PAD,
  padded,
  translate,
  translateBatch,
  translateNBest,
  translateStream,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { ragged, randomModel, translator, withoutLeaks } from './support/decoding.ts';
import { devices } from './support/devices.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
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
    const source = padded([sources[0]!], sources[0]!.length, wasm, PAD);
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
});
