import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, type HostTensor, manualSeed } from '../engine/index.ts';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  encodePairs,
  inspectTranslation,
  SPECIAL,
  StreamBatches,
  Tokenizer,
  Trainer,
  type TrainStep,
  Transformer,
  type TranslationScores,
  type Translator,
  translate,
  translateNBest,
  translateStream,
  translationTraining,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { foreign, renamed, SHIFT } from './support/foreign.ts';
import { PAIRS, plainDevice, smallTranslator, take } from './support/training.ts';

/** The same model for the other ids: rows of the tables, and scores, in the other order. */
async function translated({ model, source, target }: Translator, padId: number): Promise<Translator> {
  const sides = { 'src_embed.weight': source, 'tgt_embed.weight': target, 'generator.weight': target };
  const state = Object.entries(await model.stateDict()).map(([name, tensor]): [string, HostTensor] => {
    const side = { ...sides, 'generator.bias': target }[name as keyof typeof sides];
    if (side === undefined) return [name, tensor];
    const width = tensor.data.length / side.size;
    const data = new Float32Array(tensor.data.length);
    for (let id = 0; id < side.size; id++) {
      const row = tensor.data.subarray(id * width, (id + 1) * width) as Float32Array;
      data.set(row, ((id + SHIFT) % side.size) * width);
    }
    return [name, { ...tensor, data }];
  });
  const other = new Transformer({ ...model.config, padId }, { device: model.device });
  other.loadStateDict(Object.fromEntries(state));
  return { model: other, source: foreign(source), target: foreign(target) };
}

let device: Device;
let ours: Translator;
let theirs: Translator;
const steps: Record<'ours' | 'theirs', TrainStep<TranslationScores>[]> = { ours: [], theirs: [] };
const OPTIONS = {
  steps: 40,
  schedule: () => 0.005,
  batchTokens: 150,
  validation: { pairs: PAIRS.slice(0, 12), every: 20, sentences: 5 },
};

beforeAll(async () => {
  device = await plainDevice();
  ours = smallTranslator(device);
  theirs = await translated(ours, SHIFT);
  steps.ours = await take(new Trainer(translationTraining(ours, PAIRS, OPTIONS)));
  steps.theirs = await take(new Trainer(translationTraining(theirs, PAIRS, OPTIONS)));
});

describe('a tokenizer.json whose special tokens have other ids', () => {
  it('names its special tokens', () => {
    expect(theirs.target.special).toEqual({ pad: 5, bos: 6, eos: 7, unk: 8 });
    expect(theirs.target.id('<s>')).toBeUndefined();
    expect(SPECIAL.map((name) => ours.target.id(name))).toEqual([0, 1, 2, 3]);
  });

  it('trains to the same losses', () => {
    const losses = (list: readonly TrainStep[]): number[] => list.map((s) => s.loss);
    expectClose(losses(steps.theirs), losses(steps.ours), { relative: 1e-4 });
    expect(steps.ours[39]!.loss).toBeLessThan(0.8 * steps.ours[0]!.loss);
    expect(steps.theirs.map((s) => s.weight)).toEqual(steps.ours.map((s) => s.weight));
    for (const at of [19, 39]) {
      const [a, b] = [steps.theirs[at]!.validation!, steps.ours[at]!.validation!];
      expect(a.loss).toBeCloseTo(b.loss, 3);
      expect(a.chrf).toBeCloseTo(b.chrf!, 8);
    }
  });

  it('translates to the same texts, in every way of decoding', async () => {
    // the same weights, so that rounding decides nothing
    const same = await translated(ours, SHIFT);
    const texts = PAIRS.slice(0, 6).map((p) => p.source);
    for (const text of texts) expect(await translate(same, text)).toBe(await translate(ours, text));
    const best = (t: Translator) => translateNBest(t, texts, { beam: 3, nBest: 3, maxLength: 8 });
    const [a, b] = [(await best(same)).flat(), (await best(ours)).flat()];
    expect(a.map((h) => h.text)).toEqual(b.map((h) => h.text));
    expect(a.map((h) => h.tokens)).toEqual(b.map((h) => h.tokens.map(renamed)));
    expectClose(
      a.map((h) => h.score),
      b.map((h) => h.score),
    );
    const pieces = async (t: Translator): Promise<string> => {
      let text = '';
      for await (const { piece } of translateStream(t, texts[5]!)) text += piece;
      return text;
    };
    expect(await pieces(same)).toBe(await pieces(ours));
    const maps = async (t: Translator) => (await inspectTranslation(t, texts[5]!)).attention.flat(3);
    expectClose(await maps(same), await maps(ours));
  });

  it('is encoded, counted and saved with its own ids', async () => {
    const { source, target } = theirs;
    const examples = [];
    const pairs = [{ source: 'a stranger', target: 'A?' }];
    for await (const example of encodePairs(pairs, { source, target })) examples.push(example);
    expect(examples).toEqual([{ source: [source.id('a'), 8, 7], target: [6, target.id('A'), 8, 7] }]);
    const translator = decodeCheckpoint(await encodeCheckpoint(theirs), device);
    expect(translator.model.config.padId).toBe(5);
    const text = PAIRS[3]!.source;
    expect(await translate(translator, text)).toBe(await translate(theirs, text));
  });

  it('is refused by a model that pads otherwise, and without a special token that is needed', () => {
    const make = (padId: number, source = theirs.source, target = theirs.target): Translator => {
      manualSeed(1);
      return { model: new Transformer({ ...theirs.model.config, padId }, { device }), source, target };
    };
    expect(() => new Trainer(translationTraining(make(0), PAIRS))).toThrow(
      /source tokenizer pads with id 5, the model's padId is 0/,
    );
    expect(() => new Trainer(translationTraining(make(5, theirs.source, ours.target), PAIRS))).toThrow(
      /target tokenizer pads with id 0/,
    );
    const file = theirs.target.toJSON();
    const load = (special: object) => Tokenizer.fromJSON(file, 'x', { special });
    expect(() => new Trainer(translationTraining(make(5, theirs.source, load({ bos: 'none' })), PAIRS))).toThrow(
      /no bos token/,
    );
    expect(() => new Trainer(translationTraining(make(5, theirs.source, load({ eos: '[PAD]' })), PAIRS))).toThrow(
      /its end token, id 5/,
    );
    const open = () => encodePairs(PAIRS, { source: load({ eos: 'none' }), target: theirs.target });
    const stream = new StreamBatches(open).batches(0);
    return expect(stream.next()).rejects.toThrow(/no eos token/);
  });
});
