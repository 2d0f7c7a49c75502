import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError, Stream } from '../engine/index.ts';
import {
  buildCorpus,
  SPECIAL,
  Tokenizer,
  TokenizerBuilder,
  type TokenizerFile,
  type TokenizerKind,
} from '../transformer/index.ts';
import { PieceCounts } from '../transformer/text/tokenizer/build.ts';

const KINDS: TokenizerKind[] = ['words', 'characters', 'characterPairs', 'bytePairs'];
const HARD = [
  'The cat sat on the mat, and the dog didn’t. It wasn\'t "hers"!',
  '那只猫坐在垫子上,狗没有。今天是2024年1月5日,星期五。',
  '😀 family 👨‍👩‍👧‍👦 and ❤️ flags 🇩🇪! 👍🏽👍',
  'Das ist ein Café — naïve façade, ﬁne ½ ² Ⅷ １２３; Größe ẞ',
  'नमस्ते दुनिया, สวัสดีชาวโลก, مرحبا بالعالم ٣٤٥, Привет, שלום',
  '日本語と中文とEnglishを混ぜる。カタカナ 한국어 문장입니다.',
  '  leading and   double  spaces\t\ttabs\nnew\r\nlines  ',
  'a\u0301e\u0301 combining \u212b \u00c5 zero\u200bwidth\u200djoin\ufeffbom\u00a0nbsp\u3000ideo',
  '<s>hello</s> <pad>x<unk> ▁under ▁▁ score_s 𝔘𝔫𝔦 𠀀𠀁 猫abc猫',
  'http://x.y/z?a=1&b=2#c $12.50 50% C++ [a](b) `code` \u0001\u007f',
  '.',
  ' ',
];

const corpus = buildCorpus({ pairs: 1500, valid: 10, test: 10, seed: 5 });
const pairs = [...corpus.train, ...corpus.test];
const english = pairs.map((p) => p.source);
const chinese = pairs.map((p) => p.target);

/** Each file of sentences in two languages that HEDDLE_DATA, or the folder beside the project, has. */
function sentences(): string[][] {
  const file = join(process.env['HEDDLE_DATA'] ?? join(import.meta.dirname, '../../shared/data'), 'tatoeba-en-zh.tsv');
  if (!existsSync(file)) return [];
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  return [rows.map((r) => r[0]!), rows.map((r) => r[1]!)];
}

const theirs = (file: TokenizerFile): HuggingFace =>
  new HuggingFace(JSON.parse(JSON.stringify(file)), { unk_token: '<unk>', clean_up_tokenization_spaces: false });

/** Every text has the same ids in both, with and without marks, and the same text comes of them. */
function expectSame(tokenizer: Tokenizer, texts: readonly string[]): void {
  const other = theirs(tokenizer.toJSON());
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    const marked = tokenizer.encode(text, { addSpecialTokens: true });
    expect([text, ids]).toEqual([text, other.encode(text, { add_special_tokens: false }).ids]);
    expect([text, marked]).toEqual([text, other.encode(text).ids]);
    expect(tokenizer.decode(marked, { stopAtEnd: false, keepSpecial: true })).toBe(other.decode(marked));
    expect(tokenizer.decode(marked, { keepSpecial: false, stopAtEnd: false })).toBe(
      other.decode(marked, { skip_special_tokens: true }),
    );
  }
}

describe.each(KINDS)('%s', (kind) => {
  const texts = [...english, ...chinese, ...HARD.slice(0, 4)];
  const tokenizer = Tokenizer.build(kind, texts, { size: 1500 });

  it('begins with the special tokens and is made alike each time', () => {
    expect(tokenizer.kind).toBe(kind);
    expect(tokenizer.vocabulary.slice(0, 4)).toEqual(SPECIAL);
    expect(new Set(tokenizer.vocabulary).size).toBe(tokenizer.size);
    expect(tokenizer.special).toEqual({ pad: 0, bos: 1, eos: 2, unk: 3 });
    expect(tokenizer.size).toBeLessThanOrEqual(1500);
    const builder = new TokenizerBuilder(kind);
    for (const text of [...texts].reverse()) builder.add(text);
    expect(builder.build({ size: 1500 }).toJSON()).toEqual(tokenizer.toJSON());
  });

  it('saves a tokenizer.json that gives the same tokenizer', () => {
    const text = JSON.stringify(tokenizer);
    const loaded = Tokenizer.fromJSON(JSON.parse(text));
    expect(loaded.kind).toBe(kind);
    expect(loaded.vocabulary).toEqual(tokenizer.vocabulary);
    expect(HARD.map((t) => loaded.encode(t))).toEqual(HARD.map((t) => tokenizer.encode(t)));
    expect(JSON.stringify(loaded)).toBe(text);
  });

  it('gives the ids and texts that @huggingface/tokenizers gives', () => {
    expectSame(tokenizer, [...english.slice(0, 300), ...chinese.slice(0, 300), ...HARD]);
  });

  it('does so for any text', () => {
    const unit = fc.oneof(
      fc.constantFrom(..."aEst .,'’0猫坐。\u3000\n▁é"),
      fc.string({ unit: 'grapheme', maxLength: 1 }),
    );
    // where Σ ends a word, JavaScript's lower case is another letter
    const text = fc.array(unit, { maxLength: 30 }).map((parts) => parts.join('').replaceAll('Σ', 'S'));
    fc.assert(
      fc.property(text, (t) => expectSame(tokenizer, [t])),
      { numRuns: 200 },
    );
  });

  it('gives every token of `cut` that it knows its own id, and reports the others', () => {
    for (const text of HARD) {
      const cut = tokenizer.cut(text);
      const ids = tokenizer.encode(text);
      const unknown = tokenizer.unknown(text);
      expect(cut).toHaveLength(ids.length);
      expect(cut.filter((t) => tokenizer.id(t) === undefined)).toEqual(unknown.filter((t) => !tokenizer.id(t)));
      expect(ids.filter((id) => id === 3).length - text.split('<unk>').length + 1).toBe(unknown.length);
      if (kind === 'bytePairs') expect(unknown).toEqual([]);
    }
  });

  it('agrees on sentences of its training data', () => {
    for (const side of sentences()) {
      const large = Tokenizer.build(kind, side);
      expectSame(
        large,
        side.filter((_, i) => i % 20 === 0),
      );
      expect(side.slice(0, 500).flatMap((text) => large.unknown(text))).toEqual([]);
    }
  });
});

describe('what each kind does', () => {
  it('cuts into words and puts them together again', () => {
    const words = Tokenizer.build('words', ["The dog's house, e.g. the mat."]);
    expect(words.cut("THE  dog's\tmat!")).toEqual(['the', "dog's", 'mat', '!']);
    expect(words.unknown("THE  dog's\tmat!")).toEqual(['!']);
    const ids = words.encode('The mat, the house.');
    expect(words.decode(ids)).toBe('the mat, the house.');
    expect(words.decode([1, ...ids, 2, ...ids])).toBe('the mat, the house.');
    expect(words.decode([3, ...ids.slice(1), 0, 0])).toBe('<unk> mat, the house.');
    expect(words.decode([3, ...ids.slice(1), 0, 0], { keepSpecial: false })).toBe('mat, the house.');
    expect(words.tokens([2, 99])).toEqual(['</s>', '<unk>']);
  });

  it('cuts into characters, whole ones', () => {
    const characters = Tokenizer.build('characters', ['我 们😀']);
    expect(characters.cut('\ufeff 我\n\n们😀 ')).toEqual(['我', ' ', '们', '😀']);
    expect(characters.unknown('你们')).toEqual(['你']);
    expect(characters.encode('你们')).toEqual([3, characters.id('们')]);
    expect(characters.decode(characters.encode('我 们😀'))).toBe('我 们😀');
  });

  it('learns the most frequent pairs first', () => {
    const low = [
      'low low low low low',
      'lower lower',
      'newest newest newest newest newest newest',
      'widest widest widest',
    ];
    const pieces = Tokenizer.build('characterPairs', low, { size: 24 });
    // after Sennrich et al. 2016; es: 9, est: 9, ▁low: 7 …
    expect((pieces.toJSON().model['merges'] as string[]).slice(0, 3)).toEqual(['e s', 'es t', 'l o']);
    expect(pieces.cut('newest lowest')).toContain('est');
    expect(pieces.decode(pieces.encode(' lowest  newer '))).toBe('lowest newer');
  });

  it('merges no pair seen less often than asked, and ends early', () => {
    const rare = Tokenizer.build('characterPairs', ['ab ab cd'], { minCount: 2 });
    expect(rare.toJSON().model['merges']).toEqual(['a b', '▁ ab']);
    const building = Tokenizer.building('characterPairs', ['ab ab cd'], { minCount: 2 });
    expect(building.next()).toEqual({ done: false, value: { done: rare.size, total: 8000 } });
    expect((building.next().value as Tokenizer).toJSON()).toEqual(rare.toJSON());
    expect(Tokenizer.build('bytePairs', []).size).toBe(260);
  });

  it('bytes give back any text as it was, and know all of it', () => {
    const bytes = Tokenizer.build('bytePairs', english.slice(0, 200), { size: 500 });
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, (t) => {
        const ids = bytes.encode(t, { readSpecialTokens: false });
        expect(bytes.decode(ids)).toBe(t);
        expect(bytes.unknown(t)).toEqual([]);
      }),
    );
  });

  it('reads marks in a text only where told', () => {
    const bytes = Tokenizer.build('bytePairs', []);
    expect(bytes.encode('a</s>')).toEqual([bytes.id('a'), 2]);
    expect(bytes.encode('a</s>', { readSpecialTokens: false })).toHaveLength(5);
  });

  it('reads in lower case where told, words unless told otherwise', () => {
    const text = 'The CAT İs Σίσυφος, 猫';
    for (const kind of KINDS) {
      for (const lowerCase of [false, true]) {
        const tokenizer = Tokenizer.build(kind, [text], { lowerCase, minCount: 1 });
        expect(Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer))).kind).toBe(kind);
        const read = tokenizer.decode(tokenizer.encode('The CAT'));
        expect([kind, read]).toEqual([kind, lowerCase ? 'the cat' : 'The CAT']);
        expectSame(tokenizer, [text, 'the Cat']);
      }
    }
    expect(Tokenizer.build('words', ['A b']).vocabulary.slice(4)).toEqual(['a', 'b']);
  });

  it('keeps the most frequent within a size', () => {
    expect(Tokenizer.build('words', ['b b a a a c'], { size: 6 }).vocabulary.slice(4)).toEqual(['a', 'b']);
    expect(Tokenizer.build('words', ['b b a a a c'], { minCount: 3 }).vocabulary.slice(4)).toEqual(['a']);
    const few = Tokenizer.build('characterPairs', ['aaab a'], { size: 6 });
    expect(few.vocabulary.slice(4)).toEqual(['a', '▁']);
    expect(few.unknown('ab')).toEqual(['b']);
  });
});

it('pieces of a huge text are counted in bounded memory: the rarest are forgotten', () => {
  const counts = new PieceCounts('words', {}, 100);
  const seen = new Map<string, number>();
  const random = new Stream(4, 0);
  for (let i = 0; i < 5000; i++) {
    // word k comes about as often as 1/k
    const word = `w${Math.floor(Math.exp(random.uniform() * Math.log(2000)))}`;
    seen.set(word, (seen.get(word) ?? 0) + 1);
    counts.add(word);
    expect(counts.counts.size).toBeLessThanOrEqual(100);
  }
  expect(seen.size).toBeGreaterThan(800);
  const frequent = [...seen].sort((a, b) => b[1] - a[1]).slice(0, 20);
  for (const [word, n] of frequent) expect(counts.counts.get(word)! / n).toBeGreaterThan(0.8);
  for (const [word, n] of counts.counts) expect(n).toBeLessThanOrEqual(seen.get(word)!);
});

describe('files', () => {
  const lines = readFileSync(new URL('tokenizer.reference.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const { texts } = JSON.parse(lines[0]!) as { texts: string[] };
  const files = lines.map((l) => JSON.parse(l)).filter((r) => r.kind === 'tokenizer');

  // the others hold what @huggingface/tokenizers does otherwise than the reference implementation
  it.each(['gpt2', 'roberta', 'llama3', 'llama', 'fused unknown', 'unknown'])(
    '%s: the ids of @huggingface/tokenizers',
    (name) => {
      const { file } = files.find((f) => f.name === name);
      const tokenizer = Tokenizer.fromJSON(file);
      const other = theirs(file);
      for (const text of texts) {
        expect([text, tokenizer.encode(text)]).toEqual([text, other.encode(text, { add_special_tokens: false }).ids]);
      }
    },
  );

  it('find their own special tokens', () => {
    const bert = files.find((f) => f.name === 'bert').file as TokenizerFile;
    const tokenizer = Tokenizer.fromJSON(bert);
    expect(tokenizer.special).toEqual({ pad: 0, unk: 1, bos: 2, eos: 3 });
    expect(tokenizer.kind).toBe('other');
    const named = Tokenizer.fromJSON(bert, 'bert', { special: { pad: '[MASK]', bos: '[DEC]' } });
    expect(named.special).toEqual({ pad: 4, unk: 1, bos: null, eos: 3 });
    expect(named.mark('pad')).toBe(4);
    expect(() => named.mark('bos')).toThrow(ArgumentError);
    const gpt2 = files.find((f) => f.name === 'gpt2').file as TokenizerFile;
    expect(Tokenizer.fromJSON({ ...gpt2, added_tokens: [] }).special).toEqual({ pad: 0, bos: 1, eos: 2, unk: 3 });
  });

  it('of earlier versions load', () => {
    const old = { kind: 'characters', vocabulary: [...SPECIAL, '我', '们'] };
    const tokenizer = Tokenizer.fromJSON(old);
    expect([tokenizer.kind, tokenizer.size, tokenizer.encode('我你')]).toEqual(['characters', 6, [4, 3]]);
    expect(Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer))).vocabulary).toEqual(old.vocabulary);
  });

  const file = (change: object): unknown => ({ ...Tokenizer.build('words', ['a']).toJSON(), ...change });
  it.each<[string, unknown, string]>([
    ['nothing', null, 'no tokenizer'],
    ['another old form', { kind: 'words', vocabulary: ['a'] }, 'no tokenizer'],
    ['a list', [], 'no tokenizer'],
    [
      'an unknown model',
      file({ model: { type: 'Neural' } }),
      'f.model: model "Neural" is not supported. Supported: BPE',
    ],
    ['an unknown step', file({ normalizer: { type: 'X' } }), 'f.normalizer: normalizer "X" is not supported'],
    [
      'an unknown step in a sequence',
      file({ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Whitespace' }, { type: 'X' }] } }),
      'f.pre_tokenizer.pretokenizers[1]: pre-tokenizer "X"',
    ],
    ['an unknown decoder', file({ decoder: { type: 'X' } }), 'decoder "X"'],
    ['an unknown post-processor', file({ post_processor: { type: 'X' } }), 'post-processor "X"'],
    [
      'a pattern without counterpart',
      file({ pre_tokenizer: { type: 'Split', pattern: { Regex: 'a\\Gb' }, behavior: 'Removed' } }),
      'the pattern "a\\\\Gb" is not supported: the escape \\G',
    ],
    [
      'a pattern that is none',
      file({ normalizer: { type: 'Replace', pattern: { Regex: '(a' }, content: '' } }),
      'a ) is missing',
    ],
    ['a wrong id', file({ model: { type: 'WordLevel', vocab: { a: -1 } } }), 'f.model.vocab: token "a" has id -1'],
    [
      'a merge of nothing',
      file({ model: { type: 'BPE', vocab: { a: 0 }, merges: ['a b'] } }),
      'f.model.merges[0]: "a b"',
    ],
    ['no vocabulary', file({ model: { type: 'BPE', merges: [] } }), 'f.model.vocab: missing, expected an object'],
    [
      'dropout',
      file({ model: { type: 'BPE', vocab: {}, merges: [], dropout: 0.1 } }),
      'f.model.dropout: 0.1, expected none',
    ],
    ['a score missing', file({ model: { type: 'Unigram', vocab: [['a']] } }), 'f.model.vocab[0]'],
    [
      'a table cut off',
      file({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAEAAA==' } }),
      'f.normalizer.precompiled_charsmap',
    ],
  ])('that are wrong say where: %s', (_, json, message) => {
    expect(() => Tokenizer.fromJSON(json, 'f')).toThrow(FormatError);
    expect(() => Tokenizer.fromJSON(json, 'f')).toThrow(message);
  });

  it('refuse arguments that cannot be', () => {
    expect(() => Tokenizer.build('syllables' as TokenizerKind, [])).toThrow(ArgumentError);
    expect(() => Tokenizer.build('bytePairs', [], { size: 100 })).toThrow('a vocabulary of 100 tokens, but 260');
  });

  it('hold any token, names of object properties too', () => {
    const odd = Tokenizer.build('words', ['__proto__ constructor toString 1 0 10']);
    const words = ['constructor', 'tostring', '1', '0', '10', 'proto'];
    const loaded = Tokenizer.fromJSON(JSON.parse(JSON.stringify(odd)));
    for (const word of words.slice(0, 5)) expect(loaded.encode(word)).toEqual([odd.id(word)]);
    expect(loaded.unknown('valueof')).toEqual(['valueof']);
    const vocab = JSON.parse('{"<unk>": 0, "__proto__": 1}');
    const proto = Tokenizer.fromJSON({ model: { type: 'WordLevel', vocab, unk_token: '<unk>' } });
    expect(proto.encode('__proto__')).toEqual([1]);
  });
});
