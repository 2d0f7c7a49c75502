/** What the tests of decoding share: small models with random weights, sources, and all probabilities of a model. */
import { expect } from 'vitest';
import { type Device, full, Generator, Stream, scope } from '../../engine/index.ts';
import { BOS, EOS, PAD, padded, Tokenizer, Transformer, type Translator } from '../../transformer/index.ts';

/** A model with random weights, larger than at the start of training: its sentences differ, and some end. */
export function randomModel(
  device: Device,
  seed: number,
  config: { vocab?: number; normFirst?: boolean } = {},
): Transformer {
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
export const ragged = (count: number, seed: number): number[][] => {
  const s = new Stream(seed);
  return Array.from({ length: count }, (_, i) => [
    ...Array.from({ length: 1 + (i % 5) + s.integer(3) }, () => 4 + s.integer(16)),
    EOS,
  ]);
};

const words = 'the cat dog sleeps runs sees big small red house tree and a on in , .'.split(' ');
export const translator = (device: Device, seed: number): Translator => {
  const source = Tokenizer.build('words', words.slice(0, 16));
  const target = Tokenizer.build('words', words);
  return { model: randomModel(device, seed, { vocab: target.size }), source, target };
};

/** What is live on a device before and after must be equal. */
export async function withoutLeaks(device: Device, body: () => Promise<void>): Promise<void> {
  await device.sync();
  const before = device.memory();
  await body();
  await device.sync();
  const after = device.memory();
  expect([after.liveBuffers, after.liveBytes]).toEqual([before.liveBuffers, before.liveBytes]);
}

/** log p of every next token after every sequence of fewer than `most` tokens without an end mark. */
export async function tableOf(
  model: Transformer,
  source: number[],
  most: number,
): Promise<(ids: number[]) => Float32Array> {
  using _ = scope();
  const vocab = model.config.tgtVocab;
  const table = new Map<string, Float32Array>();
  let sequences: number[][] = [[]];
  for (let length = 0; length < most; length++) {
    const { device } = model;
    const n = sequences.length;
    const memory = model.encode(padded([source], source.length, device, PAD)).expand([n, -1, -1]);
    const rows = sequences.map((ids) => [BOS, ...ids]);
    const padding = full([n, source.length], false, { device });
    const all = model.decode(padded(rows, length + 1, device, PAD), memory, padding).logSoftmax(-1);
    const logs = (await all.narrow(1, length, 1).data()) as Float32Array;
    for (const [i, ids] of sequences.entries()) table.set(ids.join(), logs.slice(i * vocab, (i + 1) * vocab));
    sequences = sequences.flatMap((ids) => Array.from({ length: vocab }, (_, id) => [...ids, id]));
    sequences = sequences.filter((ids) => ids.at(-1) !== EOS);
  }
  return (ids) => table.get(ids.join())!;
}
