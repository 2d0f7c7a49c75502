import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  crossEntropy,
  type Device,
  FormatError,
  Generator,
  Stream,
  scope,
  tensor,
  trace,
} from '../engine/index.ts';
import {
  BOS,
  CHECKPOINT,
  crossAttention,
  decodeCheckpoint,
  encodeCheckpoint,
  generate,
  PAD,
  padded,
  Tokenizer,
  Transformer,
  type TransformerConfig,
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

const SIZE = { srcVocab: 11, tgtVocab: 11, dModel: 12, heads: 2, layers: 2, feedForward: 10, maxLength: 24 } as const;
type Options = Omit<TransformerConfig, 'srcVocab' | 'tgtVocab'>;

/** Every value of every option, and each beside each norm and place of the norm at least once. */
const MAKES: readonly Options[] = [
  { activation: 'swiglu', norm: 'rms', positions: 'rotary', normFirst: true, sharedEmbeddings: true, tiedOutput: true },
  { activation: 'swiglu', norm: 'layer', positions: 'learned', normFirst: false, tiedOutput: true },
  { activation: 'gelu', norm: 'rms', positions: 'sinusoidal', normFirst: false, sharedEmbeddings: true },
  { activation: 'relu', norm: 'rms', positions: 'learned', normFirst: true, sharedEmbeddings: true },
  { activation: 'relu', norm: 'layer', positions: 'rotary', normFirst: false },
];

/** A model whose every parameter is drawn, so that none of them is 0 or 1 and goes unnoticed. */
function drawn(device: Device, options: Options, seed = 1): Transformer {
  const model = new Transformer({ ...SIZE, ...options }, { device, generator: new Generator(seed) });
  const s = new Stream(seed, 7);
  for (const p of model.parameters()) {
    const scale = p.ndim === 2 ? 1 / Math.sqrt(p.shape[1]!) : 0.3;
    const about = p.ndim === 1 && p.size === SIZE.dModel ? 0.8 : 0;
    p.copyFrom(Float32Array.from({ length: p.size }, () => about + scale * s.normal()));
  }
  return model.eval();
}

const SOURCES = [
  [4, 5, 6, 7, 2],
  [8, 9, 2, 0, 0],
];
const TARGETS = [
  [1, 4, 10, 6],
  [1, 7, 0, 5],
];

const int = (rows: readonly (readonly number[])[], device: Device) =>
  tensor(Int32Array.from(rows.flat()), { shape: [rows.length, rows[0]!.length], device });

const label = (options: Options): string => Object.values(options).join(' ');

describe('the choices of a model', () => {
  it.each(MAKES.map((options) => [label(options), options] as const))(
    '%s: the scores of the papers',
    async (_, options) => {
      for (const device of both) {
        using model = drawn(device, options);
        const plain = new PlainTransformer(inFloat64(await model.stateDict()), model.config);
        using _scope = scope();
        const got = await model.forward(int(SOURCES, device), int(TARGETS, device)).data();
        expectClose(got, SOURCES.flatMap((source, i) => plain.scores(source, TARGETS[i]!)).flat(), {
          label: device.name,
        });
      }
    },
  );

  it('have the gradients of the formula: differences of it in float64, parameter by parameter', async () => {
    const options = { ...MAKES[0]!, layers: 1 };
    const expected = [
      [4, 10, 6, 2],
      [7, 2, 5, 3],
    ];
    for (const device of both) {
      using model = drawn(device, options, 3);
      const values = inFloat64(await model.stateDict());
      const plain = new PlainTransformer(values, model.config);
      const lossOf = (): number => {
        let total = 0;
        for (const [i, source] of SOURCES.entries()) {
          for (const [t, scores] of plain.scores(source, TARGETS[i]!).entries()) {
            total += Math.log(scores.reduce((a, v) => a + Math.exp(v), 0)) - scores[expected[i]![t]!]!;
          }
        }
        return total / expected.flat().length;
      };
      using _ = scope();
      const loss = crossEntropy(model.forward(int(SOURCES, device), int(TARGETS, device)), int(expected, device));
      loss.backward();
      expect(await loss.item()).toBeCloseTo(lossOf(), 5);
      const s = new Stream(11);
      const slopes: number[] = [];
      const wanted: number[] = [];
      const seen = new Set<unknown>();
      for (const [name, p] of model.namedParameters()) {
        if (seen.has(p)) continue;
        seen.add(p);
        // one that is shared stands under several names
        const all = [...model.namedParameters()].flatMap(([n, q]) => (q === p ? [values[n]!.data] : []));
        const gradient = await p.grad!.data();
        for (let k = 0; k < 2; k++) {
          const direction = Float64Array.from({ length: p.size }, () => s.normal() / Math.sqrt(p.size));
          const shift = (by: number): number => {
            for (const data of all) for (const [i, d] of direction.entries()) data[i]! += by * d;
            const value = lossOf();
            for (const data of all) for (const [i, d] of direction.entries()) data[i]! -= by * d;
            return value;
          };
          const slope = direction.reduce((a, d, i) => a + d * gradient[i]!, 0);
          const want = (shift(1e-4) - shift(-1e-4)) / 2e-4;
          expect(Math.abs(slope - want), `${device.name}, ${name}: ${slope} and ${want}`).toBeLessThan(
            1e-3 * Math.abs(want) + 1e-5,
          );
          slopes.push(slope);
          wanted.push(want);
        }
      }
      expectClose(slopes, wanted, { relative: 1e-4, label: device.name });
    }
  });

  it('decode with a cache as without: positions count on, padding stays hidden', async () => {
    for (const device of both) {
      for (const options of device.name === 'wasm' ? MAKES : MAKES.slice(0, 2)) {
        using model = drawn(device, options, 5);
        const length = 20;
        const s = new Stream(6);
        const rows = SOURCES.map((_, i) =>
          Array.from({ length }, (_, t) => (t === 0 ? BOS : i === 1 && t === 3 ? 0 : 3 + s.integer(8))),
        );
        using _ = scope();
        const source = int(SOURCES, device);
        const padding = model.padding(source);
        const memory = model.encode(source, padding);
        const whole = (await model.decode(padded(rows, length, device, PAD), memory, padding).data()) as Float32Array;
        using state = model.startDecoding(memory, padding);
        for (let t = 0; t < length; t++) {
          const scores = model.decodeStep(
            rows.map((r) => r[t]!),
            state,
          );
          // a read takes its time on a software adapter
          if (device.name === 'webgpu' && t % 6 !== 5) continue;
          const want = [0, 1].flatMap((i) => [...whole.subarray((i * length + t) * 11, (i * length + t + 1) * 11)]);
          expectClose(await scores.data(), want, { label: `${device.name}, ${label(options)}, place ${t}` });
        }
      }
    }
  });

  it('show what they look at, and turn in self-attention alone', async () => {
    for (const options of MAKES) {
      using model = drawn(wasm, options);
      const [seen] = await crossAttention(model, [[4, 5, 6, 2]], [[7, 8, 2]]);
      expect(seen!.map((layer) => layer.length)).toEqual([2, 2]);
      for (const row of seen!.flat(2)) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      using _ = scope();
      using recorded = trace();
      model.forward(int(SOURCES, wasm), int(TARGETS, wasm));
      recorded.stop();
      const turned = recorded.find('rotary').map(({ path }) => path.replace(/\.\d+\./, '.N.'));
      const own = (stack: string): string[] => new Array<string>(4).fill(`${stack}.layers.N.selfAttention.rotary`);
      expect(turned).toEqual(options.positions === 'rotary' ? [...own('encoder'), ...own('decoder')] : []);
    }
  });

  it('free all they took', async () => {
    for (const device of both) {
      await withoutLeaks(device, async () => {
        using model = drawn(device, MAKES[0]!);
        using other = drawn(device, MAKES[1]!);
        for (const m of [model, other]) await generate(m, [[4, 5, 2]], { beam: 2, maxLength: 4 });
      });
    }
  });

  it('travel with a checkpoint, and a wrong one is refused', async () => {
    const words = 'the cat dog sees a mat .'.split(' ');
    const source = Tokenizer.build('words', words);
    expect(source.size).toBe(SIZE.srcVocab);
    for (const options of MAKES) {
      using model = drawn(wasm, options);
      const files = await encodeCheckpoint({ model, source, target: source });
      const translator = decodeCheckpoint(files, wasm);
      using loaded = translator.model;
      expect(loaded.config).toEqual(model.config);
      expect([...loaded.namedParameters()].map(([name]) => name)).toEqual(Object.keys(await model.stateDict()));
      expect(loaded.parameters().length).toBe(model.parameters().length);
      using _ = scope();
      const scores = (m: Transformer) => m.eval().forward(int(SOURCES, wasm), int(TARGETS, wasm)).data();
      expect(await scores(loaded)).toEqual(await scores(model));
    }
    using model = drawn(wasm, MAKES[0]!);
    const files = await encodeCheckpoint({ model, source, target: source });
    const config = new TextDecoder().decode(files[CHECKPOINT.config]).replace('"swiglu"', '"swish"');
    const broken = { ...files, [CHECKPOINT.config]: new TextEncoder().encode(config) };
    expect(() => decodeCheckpoint(broken, wasm)).toThrow(FormatError);
    expect(() => decodeCheckpoint(broken, wasm)).toThrow(/config\.json.*activation "swish".*relu, gelu, swiglu/);
  });

  it('give parameters the names a reader expects', async () => {
    using model = drawn(wasm, { ...MAKES[1]!, layers: 1 });
    const names = [...model.namedParameters()].map(([name, { shape }]) => `${name} ${shape.join('×')}`);
    expect(names).toContain('src_embed.positions 24×12');
    expect(names).toContain('transformer.encoder.layers.0.linear_gate.weight 10×12');
    expect(names).toContain('transformer.decoder.layers.0.norm3.bias 12');
    using plain = drawn(wasm, MAKES[0]!);
    const kinds = [...plain.namedParameters()].map(([name]) => name);
    expect(kinds.filter((name) => name.includes('norm') && name.endsWith('bias'))).toEqual([]);
    expect(kinds).toContain('transformer.decoder.norm.weight');
    expect(kinds.filter((name) => name.includes('positions'))).toEqual([]);
    expect(plain.srcEmbed.weight).toBe(plain.generator.weight);
    using split = drawn(wasm, MAKES[4]!);
    expect(new Set([split.srcEmbed.weight, split.tgtEmbed.weight, split.generator.weight]).size).toBe(3);
  });

  it('are refused before anything is computed where they do not go together', () => {
    const make = (options: Partial<TransformerConfig>) => () =>
      new Transformer({ ...SIZE, ...options }, { device: wasm });
    expect(make({ heads: 5 })).toThrow(/dModel 12 is not divisible by heads 5/);
    expect(make({ heads: 4, positions: 'rotary' })).toThrow(/is 3 to a head; rotary/);
    expect(make({ dModel: 9, heads: 3 })).toThrow(/9 is odd; sinusoidal/);
    expect(make({ sharedEmbeddings: true, tgtVocab: 12 })).toThrow(/one vocabulary, not 11 and 12/);
    expect(make({ norm: 'batch' as never })).toThrow(/norm "batch", expected one of layer, rms/);
    expect(make({ layers: 0 })).toThrow(ArgumentError);
    expect(make({ dropout: 1 })).toThrow(/dropout 1/);
  });
});

describe('learned positions', () => {
  it('end at maxLength: a longer sequence is an error, decoding stops there', async () => {
    using model = drawn(wasm, { positions: 'learned', maxLength: 6 });
    const long = [[4, 4, 4, 4, 4, 4, 2]];
    expect(() => model.encode(int(long, wasm))).toThrow(/7 tokens.*learned positions for 6/);
    const options = { suppress: [0, 1, 2] };
    for (const way of [{}, { beam: 2 }, { cache: false }]) {
      const [[hypothesis] = []] = await generate(model, [[4, 5, 2]], { ...options, ...way });
      expect(hypothesis!.ids.length).toBe(6);
      expect(hypothesis!.ended).toBe(false);
    }
    await expect(generate(model, [[4, 5, 2]], { ...options, maxLength: 7 })).rejects.toThrow(/maxLength 7.*6/);
  });
});

describe('dropout', () => {
  it('stands everywhere the paper and nn.Transformer have it, and nowhere in evaluation', async () => {
    for (const options of [MAKES[0]!, MAKES[4]!]) {
      using model = drawn(wasm, { ...options, layers: 1, dropout: 0.25 });
      const places = async (): Promise<string[]> => {
        using _ = scope();
        using recorded = trace();
        model.forward(int(SOURCES, wasm), int(TARGETS, wasm));
        recorded.stop();
        return recorded.records
          .filter(({ op, attrs }) => (op === 'dropout' || op === 'scaledDotProductAttention') && attrs['p'] === 0.25)
          .map(({ path }) => path);
      };
      model.train();
      const encoder = 'encoder.layers.0';
      const decoder = 'decoder.layers.0';
      // within encoder and decoder layers: weights of attention, its output, the hidden values, the output
      const feedForward = (layer: string): string[] => [`${layer}.dropout.dropout`, `${layer}.dropout.dropout`];
      const attention = (layer: string, name: string): string[] => [
        `${layer}.${name}.scaledDotProductAttention`,
        `${layer}.dropout.dropout`,
      ];
      expect(await places()).toEqual([
        'srcEmbed.dropout.dropout',
        ...attention(encoder, 'selfAttention'),
        ...feedForward(encoder),
        'tgtEmbed.dropout.dropout',
        ...attention(decoder, 'selfAttention'),
        ...attention(decoder, 'crossAttention'),
        ...feedForward(decoder),
      ]);
      model.eval();
      expect(await places()).toEqual([]);
    }
  });
});
