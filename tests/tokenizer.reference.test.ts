import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type StepConfig, Tokenizer, type TokenizerFile } from '../transformer/index.ts';
import { readDecoder } from '../transformer/text/tokenizer/decoders.ts';
import { Fields } from '../transformer/text/tokenizer/format.ts';
import { readNormalizer } from '../transformer/text/tokenizer/normalizers.ts';
import { type Pairs, type PairTrainingOptions, pairTraining } from '../transformer/text/tokenizer/pairTraining.ts';
import { readPreTokenizer } from '../transformer/text/tokenizer/preTokenizers.ts';
import { SPECIAL } from '../transformer/text/tokenizer/special.ts';

/** All merges at once. */
function trainPairs(words: ReadonlyMap<string, number>, options: PairTrainingOptions): Pairs {
  const training = pairTraining(words, options);
  let step = training.next();
  while (!step.done) step = training.next();
  return step.value;
}

/** What Hugging Face's own library makes of texts; `tokenizer.reference.py` wrote it. */
type Reference =
  | { kind: 'normalizer'; step: StepConfig; want: string[] }
  | { kind: 'pre-tokenizer'; step: StepConfig; want: string[][] }
  | { kind: 'pattern'; pattern: string; want: string[][] }
  | { kind: 'decoder'; step: StepConfig; tokens: string[]; want: string }
  | { kind: 'training'; bytes: boolean; model: { vocab: Record<string, number>; merges: [string, string][] } }
  | {
      kind: 'tokenizer';
      name: string;
      file: TokenizerFile;
      ids: number[][];
      pairs: number[][];
      types: number[][];
      kept: string[];
      skipped: string[];
    };

const lines = readFileSync(new URL('tokenizer.reference.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const { texts, training } = JSON.parse(lines[0]!) as { texts: string[]; training: string[] };
const all = lines.slice(1).map((line) => JSON.parse(line) as Reference);
const of = <K extends Reference['kind']>(kind: K): Extract<Reference, { kind: K }>[] =>
  all.filter((r): r is Extract<Reference, { kind: K }> => r.kind === kind);

const fields = (step: StepConfig): Fields => new Fields(step, 'step');
/** The pieces of a text; as in the file, nothing is first that is not at the start. */
const pieces = (step: StepConfig, text: string): string[] =>
  text === '' ? [] : readPreTokenizer(fields(step))({ text, first: true }).map((p) => p.text);
const short = (step: StepConfig): string => JSON.stringify(step).slice(0, 120);

describe('agrees with the reference implementation', () => {
  it.each(of('normalizer').map((r) => [short(r.step), r] as const))('normalizer %s', (_, { step, want }) => {
    expect(texts.map(readNormalizer(fields(step)))).toEqual(want);
  });

  it.each(of('pre-tokenizer').map((r) => [short(r.step), r] as const))('pre-tokenizer %s', (_, { step, want }) => {
    expect(texts.map((text) => pieces(step, text))).toEqual(want);
  });

  it.each(of('pattern').map((r) => [r.pattern, r] as const))('pattern %j', (_, { pattern, want }) => {
    const step = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
    expect(texts.map((text) => pieces(step, text))).toEqual(want);
  });

  it.each(of('decoder').map((r) => [short(r.step), r.tokens.length, r] as const))(
    'decoder %s of %i tokens',
    (_, __, { step, tokens, want }) => {
      expect(readDecoder(fields(step))(tokens).join('')).toBe(want);
    },
  );

  it.each(of('tokenizer').map((r) => [r.name, r] as const))('whole file: %s', (_, reference) => {
    const { file, ids, pairs, types, kept, skipped } = reference;
    const tokenizer = Tokenizer.fromJSON(file);
    expect(texts.map((text) => tokenizer.encode(text))).toEqual(ids);
    const whole = texts.map((text) => tokenizer.encodeWhole(text, { pair: 'B b.', addSpecialTokens: true }));
    expect(whole.map((w) => w.ids)).toEqual(pairs);
    expect(whole.map((w) => w.typeIds)).toEqual(types);
    const decode = (keepSpecial: boolean): string[] =>
      ids.map((row) => tokenizer.decode(row, { stopAtEnd: false, keepSpecial }));
    expect(decode(true)).toEqual(kept);
    expect(decode(false)).toEqual(skipped);
    expect(JSON.parse(JSON.stringify(tokenizer))).toEqual(file);
  });

  it.each(of('training').map((r) => [r.bytes ? 'bytes' : 'characters', r] as const))(
    'pairs learnt from %s: the same merges in the same order',
    (_, { bytes, model }) => {
      const step = bytes ? { type: 'ByteLevel', add_prefix_space: false } : { type: 'Metaspace' };
      const counts = new Map<string, number>();
      for (const text of training) for (const p of pieces(step, text)) counts.set(p, (counts.get(p) ?? 0) + 1);
      const alphabet = bytes ? Object.keys(model.vocab).filter((t) => t.length === 1) : [];
      const { vocabulary, merges } = trainPairs(counts, { size: 600, minCount: 2, special: SPECIAL, alphabet });
      expect(merges).toEqual(model.merges);
      expect(Object.fromEntries(vocabulary.map((token, id) => [token, id]))).toEqual(model.vocab);
      // whatever the order of the words
      const backwards = new Map([...counts].reverse());
      expect(trainPairs(backwards, { size: 600, minCount: 2, special: SPECIAL, alphabet }).merges).toEqual(merges);
    },
  );
});
