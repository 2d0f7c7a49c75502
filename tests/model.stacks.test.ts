import { beforeAll, describe, expect, it } from 'vitest';
import { Adam, crossEntropy, type Device, Generator, type Module, Stream, scope, tensor } from '../engine/index.ts';
import {
  BOS,
  beamSearch,
  DecoderOnly,
  EncoderOnly,
  EOS,
  generate,
  greedyDecode,
  type ModelConfig,
  PAD,
  padded,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { withoutLeaks } from './support/decoding.ts';
import { devices } from './support/devices.ts';
import { inFloat64, PlainTransformer } from './support/plainTransformer.ts';

let both: readonly Device[] = [];
let wasm: Device;
beforeAll(async () => {
  both = await devices();
  wasm = both[0]!;
});

const SIZE = { vocab: 13, dModel: 12, heads: 2, layers: 2, feedForward: 14, maxLength: 32 } as const;
const MAKES: readonly ModelConfig[] = [
  { activation: 'swiglu', norm: 'rms', positions: 'rotary', normFirst: true },
  { positions: 'sinusoidal' },
  { activation: 'gelu', positions: 'learned', normFirst: true },
];

/** Parameters that are all drawn, larger than at the start of training. */
function shaken<M extends Module>(model: M, seed: number): M {
  const s = new Stream(seed, 7);
  for (const p of model.parameters()) {
    const scale = p.ndim === 2 ? 1.3 / Math.sqrt(p.shape[1]!) : 0.3;
    const about = p.ndim === 1 && p.size === SIZE.dModel ? 0.8 : 0;
    p.copyFrom(Float32Array.from({ length: p.size }, () => about + scale * s.normal()));
  }
  model.eval();
  return model;
}

const int = (rows: readonly (readonly number[])[], device: Device) =>
  tensor(Int32Array.from(rows.flat()), { shape: [rows.length, rows[0]!.length], device });

const ROWS = [
  [BOS, 4, 9, 5, 5, 12],
  [BOS, 8, 7, 2, 0, 0],
];

/** Trains with Adam on batches that `next` makes; the last loss. */
async function learn(
  model: Module & { forward(tokens: ReturnType<typeof int>): ReturnType<typeof int> },
  steps: number,
  next: (s: Stream) => { tokens: number[][]; expected: number[][] },
): Promise<number> {
  const optimizer = new Adam(model.flattenParameters().parameters(), { lr: 0.004 });
  const s = new Stream(21);
  model.train();
  let loss = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    using _ = scope();
    const { tokens, expected } = next(s);
    const scores = model.forward(int(tokens, wasm));
    const wanted = int(expected, wasm).reshape(scores.shape.slice(0, -1));
    const value = crossEntropy(scores, wanted, { ignoreIndex: 0 });
    value.backward();
    optimizer.lr = 0.004 * Math.min(1, step / 20, (steps - step + 1) / 40);
    optimizer.step();
    optimizer.zeroGrad();
    if (step === steps) loss = await value.item();
  }
  model.eval();
  return loss;
}

describe('a decoder by itself', () => {
  it('has the scores of the papers, and no later token changes earlier ones', async () => {
    for (const device of both) {
      for (const options of MAKES) {
        using model = shaken(new DecoderOnly({ ...SIZE, ...options, tiedOutput: true }, { device }), 1);
        const plain = new PlainTransformer(inFloat64(await model.stateDict()), model.config);
        using _ = scope();
        const got = await model.forward(int(ROWS, device)).data();
        expectClose(got, ROWS.flatMap((row) => plain.continuations(row)).flat(), { label: device.name });
        const changed = await model.forward(int([[...ROWS[0]!.slice(0, 4), 11, 3], ROWS[1]!], device)).data();
        const same = 4 * SIZE.vocab;
        expect(changed.slice(0, same)).toEqual(got.slice(0, same));
        expect(changed.slice(same, same + SIZE.vocab)).not.toEqual(got.slice(same, same + SIZE.vocab));
      }
    }
  });

  it('goes on behind prompts of any length with a cache as without', async () => {
    const prompts = [[BOS], [BOS, 4, 9, 5, 0, 12], [BOS, 8, 7]];
    for (const device of both) {
      for (const options of device.name === 'wasm' ? MAKES : MAKES.slice(0, 1)) {
        using model = shaken(new DecoderOnly({ ...SIZE, ...options }, { device }), 3);
        await generate(model, prompts, { maxLength: 1 });
        await withoutLeaks(device, async () => {
          using _ = scope();
          using state = model.startDecoding(prompts);
          const rows = prompts.map((p) => [...p]);
          for (let t = 0; t < 4; t++) {
            const scores = await model
              .decodeStep(
                rows.map((row) => row.at(-1)!),
                state,
              )
              .data();
            const want: number[] = [];
            for (const row of rows) want.push(...(await model.forward(int([row], device)).data()).slice(-SIZE.vocab));
            expectClose(scores, want, { label: `${device.name}, ${options.positions}, place ${t}` });
            for (const [i, row] of rows.entries()) row.push(3 + ((5 * t + i) % 9));
            // the second and the third row change places
            if (t === 1) {
              state.reorder([0, 2, 1]);
              [rows[1], rows[2]] = [rows[2]!, rows[1]!];
            }
          }
        });
        const limits = { maxLength: 6, suppress: [0, BOS] };
        const texts = await greedyDecode(model, prompts, limits);
        expect(await greedyDecode(model, prompts, { ...limits, cache: false })).toEqual(texts);
        expect(texts.map((ids) => ids.length).every((n) => n > 0 && n <= 6)).toBe(true);
        // a prompt does not depend on the others
        expect(await greedyDecode(model, [prompts[1]!], limits)).toEqual([texts[1]]);
        const beams = await beamSearch(model, prompts, { ...limits, beam: 3, nBest: 2 });
        const plain = await beamSearch(model, prompts, { ...limits, beam: 3, nBest: 2, cache: false });
        expect(beams.map((b) => b.map((h) => h.ids))).toEqual(plain.map((b) => b.map((h) => h.ids)));
      }
    }
  });

  it('writes as far as learned positions reach, and says what it cannot read', async () => {
    using model = shaken(new DecoderOnly({ ...SIZE, positions: 'learned', maxLength: 6 }, { device: wasm }), 4);
    const free = { suppress: [0, BOS, EOS] };
    const [[h] = []] = await generate(model, [[BOS, 4, 5, 6]], free);
    expect(h!.ids.length).toBe(3);
    await expect(generate(model, [[BOS, 4, 5, 6]], { ...free, maxLength: 4 })).rejects.toThrow(/room for 3 tokens/);
    await expect(generate(model, [[1, 4, 5, 6, 7, 8, 9]], free)).rejects.toThrow(/prompt of 7 tokens leaves/);
    await expect(generate(model, [[BOS], []], free)).rejects.toThrow(/prompt 1 has no tokens.*start token/);
    expect(() => model.startDecoding([])).toThrow(/no prompts/);
  });

  it('learns to say again what it read', async () => {
    const generator = new Generator(5);
    const config = { vocab: 12, dModel: 32, heads: 4, layers: 2, feedForward: 64, dropout: 0, normFirst: true };
    using model = new DecoderOnly(
      { ...config, positions: 'rotary', norm: 'rms', activation: 'swiglu' },
      { device: wasm, generator },
    );
    const phrase = (s: Stream): number[] => Array.from({ length: 4 }, () => 4 + s.integer(8));
    const loss = await learn(model, 220, (s) => {
      const rows = Array.from({ length: 24 }, () => phrase(s)).map((p) => [BOS, ...p, ...p, EOS]);
      // only what can be known counts: the second time
      return {
        tokens: rows.map((row) => row.slice(0, -1)),
        expected: rows.map((row) => row.slice(1).map((id, i) => (i < 4 ? 0 : id))),
      };
    });
    expect(loss).toBeLessThan(0.2);
    const s = new Stream(99);
    const phrases = Array.from({ length: 40 }, () => phrase(s));
    const written = await greedyDecode(
      model,
      phrases.map((p) => [BOS, ...p]),
    );
    const right = written.filter((ids, i) => ids.join() === [...phrases[i]!, EOS].join()).length;
    expect(right).toBeGreaterThanOrEqual(36);
  });
});

describe('an encoder by itself', () => {
  it('has the states and the class scores of the papers; padding changes neither', async () => {
    for (const device of both) {
      for (const options of MAKES) {
        using model = shaken(new EncoderOnly({ ...SIZE, ...options, classes: 3 }, { device }), 2);
        using reader = new EncoderOnly({ ...SIZE, ...options }, { device });
        const state = await model.stateDict();
        reader.loadStateDict(state, { strict: false });
        reader.eval();
        const plain = new PlainTransformer(inFloat64(state), model.config);
        using _ = scope();
        const scores = await model.forward(int(ROWS, device)).data();
        expectClose(
          scores,
          ROWS.flatMap((row) => plain.classes(row)),
          { label: device.name },
        );
        const wider = padded(ROWS, 9, device, PAD);
        expectClose(await model.forward(wider).data(), scores, { label: `${device.name}, more padding` });
        const states = reader.forward(int(ROWS, device));
        expect(states.shape).toEqual([2, 6, SIZE.dModel]);
        expectClose(await states.data(), ROWS.flatMap((row) => plain.states(row)).flat(), { label: device.name });
      }
    }
  });

  it('learns which of two marks comes first', async () => {
    const generator = new Generator(8);
    const config = { vocab: 10, dModel: 32, heads: 4, layers: 1, feedForward: 64, dropout: 0, normFirst: true };
    using model = new EncoderOnly({ ...config, classes: 3 }, { device: wasm, generator });
    // class 1: mark 4 comes before mark 5; class 2: the other way round
    const row = (s: Stream): { tokens: number[]; expected: number[] } => {
      const length = 4 + s.integer(5);
      const tokens = Array.from({ length }, () => 6 + s.integer(4));
      const first = s.integer(length - 1);
      const second = first + 1 + s.integer(length - 1 - first);
      const flip = s.integer(2);
      tokens[first] = 4 + flip;
      tokens[second] = 5 - flip;
      return { tokens: [...tokens, ...new Array<number>(8 - length).fill(0)], expected: [1 + flip] };
    };
    const batch = (s: Stream, n: number) => {
      const rows = Array.from({ length: n }, () => row(s));
      return { tokens: rows.map((r) => r.tokens), expected: rows.map((r) => r.expected) };
    };
    await learn(model, 250, (s) => batch(s, 32));
    using _ = scope();
    const { tokens, expected } = batch(new Stream(77), 200);
    const guesses = await model.forward(int(tokens, wasm)).argmax(-1).data();
    const right = expected.filter(([want], i) => guesses[i] === want).length;
    expect(right).toBeGreaterThanOrEqual(190);
  });
});
