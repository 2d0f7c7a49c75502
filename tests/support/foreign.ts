import { Tokenizer, type TokenizerFile } from '../../transformer/index.ts';

/** Names and ids as elsewhere: the marks are neither called nor numbered as here. */
const NAMES: Readonly<Record<string, string>> = { '<pad>': '[PAD]', '<s>': '[CLS]', '</s>': '[SEP]', '<unk>': '[UNK]' };
export const SHIFT = 5;
export const renamed = (token: string): string => NAMES[token] ?? token;

/** The same tokens under other ids: what was id i is now (i + 5) modulo the number of tokens. */
export function foreign(tokenizer: Tokenizer): Tokenizer {
  const idOf = (id: number): number => (id + SHIFT) % tokenizer.size;
  const file = tokenizer.toJSON();
  const changed: TokenizerFile = {
    ...file,
    added_tokens: file.added_tokens!.map((t) => ({ ...t, id: idOf(t.id), content: renamed(t.content) })),
    post_processor: null,
    model: {
      ...file.model,
      vocab: Object.fromEntries(tokenizer.vocabulary.map((token, id) => [renamed(token), idOf(id)])),
      unk_token: '[UNK]',
    },
  };
  return Tokenizer.fromJSON(JSON.parse(JSON.stringify(changed)));
}
