import { readFileSync } from 'node:fs';
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../engine/index.ts';
import { Tokenizer, type TokenizerFile, withMarks } from '../transformer/index.ts';

/** Files of the reference implementation, one for each kind of model and post-processor, and texts that are hard. */
const lines = readFileSync(new URL('tokenizer.reference.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const { texts } = lines[0] as { texts: string[] };
const files = lines.filter((r) => r.kind === 'tokenizer') as { name: string; file: TokenizerFile }[];
const fileOf = (name: string): TokenizerFile => files.find((f) => f.name === name)!.file;

const MARKS = { pad: 0, bos: 1, eos: 2, unk: 3 };

/** The tokens of every text, with the marks the file adds and without, are the same in both. */
function expectSameTokens(before: Tokenizer, after: Tokenizer): void {
  for (const text of [...texts, 'cat </s> dog <pad> [SEP] hello']) {
    for (const addSpecialTokens of [false, true]) {
      const { tokens } = before.encodeWhole(text, { addSpecialTokens });
      const whole = after.encodeWhole(text, { addSpecialTokens });
      expect([text, whole.tokens]).toEqual([text, tokens]);
      expect(whole.ids.map((id) => after.vocabulary[id])).toEqual(tokens);
    }
    expect(after.decode(after.encode(text))).toBe(before.decode(before.encode(text)));
  }
}

/** A file with its vocabulary turned around, so that no mark stands where it stood; posts and paddings with it. */
function turned(file: TokenizerFile): TokenizerFile {
  const { size } = Tokenizer.fromJSON(file);
  const turn = (id: number): number => size - 1 - id;
  const { vocab } = file.model;
  const model = Array.isArray(vocab)
    ? { ...file.model, vocab: [...vocab].reverse(), unk_id: turn(file.model['unk_id'] as number) }
    : { ...file.model, vocab: Object.fromEntries(Object.entries(vocab as object).map(([t, id]) => [t, turn(id)])) };
  const post = JSON.stringify(file.post_processor ?? null)
    .replace(/"ids":\[(\d+)\]/g, (_, id) => `"ids":[${turn(Number(id))}]`)
    .replace(/\["([^"]+)",(\d+)\]/g, (_, token, id) => `["${token}",${turn(Number(id))}]`);
  const added = file.added_tokens!.map((token) => ({ ...token, id: turn(token.id) }));
  return { ...file, added_tokens: added, model, post_processor: JSON.parse(post), padding: { pad_id: turn(0) } };
}

describe('withMarks', () => {
  it.each(files.map(({ name }) => name))('%s: the same tokens, the marks first, wherever they were', (name) => {
    // an added token that is no part of the model keeps its number in the file alone
    const file = fileOf(name);
    const inModel = name === 'roberta' ? { ...file, added_tokens: file.added_tokens!.slice(0, 4) } : file;
    for (const given of [file, turned(inModel)]) {
      const before = Tokenizer.fromJSON(given, name);
      const after = withMarks(given, name);
      expect(after.special).toEqual(MARKS);
      expect(after.size).toBe(before.size);
      expect([...after.vocabulary].sort()).toEqual([...before.vocabulary].sort());
      expectSameTokens(before, after);
      // it is a file like any other, and stays as it is when it comes again
      const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(after)));
      expect(again.special).toEqual(MARKS);
      expect(withMarks(again.toJSON()).vocabulary).toEqual(after.vocabulary);
      if (given.padding) expect(after.toJSON().padding).toEqual({ pad_id: 0 });
    }
  });

  it.each(['gpt2', 'roberta', 'llama3', 'llama', 'fused unknown', 'unknown'])(
    '%s: the ids of @huggingface/tokenizers',
    (name) => {
      const after = withMarks(turned({ ...fileOf(name), added_tokens: fileOf(name).added_tokens!.slice(0, 4) }));
      const file = JSON.parse(JSON.stringify(after));
      const other = new HuggingFace(file, { unk_token: '<unk>', clean_up_tokenization_spaces: false });
      for (const text of texts) {
        expect([text, after.encode(text)]).toEqual([text, other.encode(text, { add_special_tokens: false }).ids]);
      }
    },
  );

  it('adds the marks that a file lacks, and parts one that serves for two', () => {
    const gpt2 = fileOf('gpt2');
    const { vocab } = gpt2.model as { vocab: Record<string, number> };
    const plain = Object.keys(vocab).filter((token) => !['<pad>', '<s>', '</s>', '<unk>'].includes(token));
    const model = { ...gpt2.model, vocab: Object.fromEntries([...plain, '<|endoftext|>'].map((t, id) => [t, id])) };
    const added = [{ id: plain.length, content: '<|endoftext|>', special: true }];
    const before = Tokenizer.fromJSON({ ...gpt2, model, added_tokens: added });
    expect(before.special).toEqual({ pad: null, bos: plain.length, eos: plain.length, unk: null });
    const after = withMarks(before.toJSON());
    expect(after.vocabulary.slice(0, 5)).toEqual(['<pad>', '<s>', '<|endoftext|>', '<unk>', plain[0]]);
    expect(after.special).toEqual(MARKS);
    expect(after.size).toBe(before.size + 3);
    for (const text of texts.filter((t) => !/<(s|pad|unk|\/s)>/.test(t))) {
      expect(after.encodeWhole(`${text}<|endoftext|>`).tokens).toEqual(
        before.encodeWhole(`${text}<|endoftext|>`).tokens,
      );
    }
  });

  it('makes the unknown token of what a file would leave out', () => {
    const file = { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] } };
    expect(Tokenizer.fromJSON(file).encodeWhole('axb').tokens).toEqual(['a', 'b']);
    expect(withMarks(file).encode('axb')).toEqual([4, 3, 5]);
    expect(withMarks(file).unknown('axb')).toEqual(['x']);
  });

  it('says where a file is wrong', () => {
    expect(() => withMarks({ model: { type: 'Neural' } }, 'f.json')).toThrow(/^f\.json\.model: .*"Neural"/);
    const odd = {
      ...fileOf('bert'),
      post_processor: { type: 'BertProcessing', sep: ['[SEP]', 999], cls: ['[CLS]', 2] },
    };
    expect(() => withMarks(odd, 'f.json')).toThrow(FormatError);
    expect(() => withMarks(odd, 'f.json')).toThrow('f.json: id 999 has no token');
  });
});
