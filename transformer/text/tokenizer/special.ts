/** Tokens every vocabulary made here begins with, by id. */
export const SPECIAL = ['<pad>', '<s>', '</s>', '<unk>'] as const;
export const PAD = 0;
export const BOS = 1;
export const EOS = 2;
export const UNK = 3;

/** What a special token is for: filling up, start, end, and what the vocabulary does not have. */
export type SpecialRole = 'pad' | 'bos' | 'eos' | 'unk';

/** The id of each role's token; null where a vocabulary has none. */
export type SpecialIds = Readonly<Record<SpecialRole, number | null>>;

/** Names under which well-known vocabularies keep their special tokens, the most specific first. */
const NAMES: Readonly<Record<SpecialRole, readonly string[]>> = {
  pad: ['<pad>', '[PAD]', '<|pad|>', '<|finetune_right_pad_id|>'],
  bos: ['<s>', '<bos>', '[BOS]', '[CLS]', '<|begin_of_text|>', '<|startoftext|>', '<|endoftext|>'],
  eos: ['</s>', '<eos>', '[EOS]', '[SEP]', '<|end_of_text|>', '<|endoftext|>', '<|im_end|>'],
  unk: ['<unk>', '[UNK]', '<|unk|>'],
};

/**
 * The ids of the special tokens: those the caller names, else the well-known name that is found first. The unknown
 * token is the model's own, where the model names one.
 */
export function findSpecial(
  idOf: (token: string) => number | undefined,
  modelUnknown: number | null,
  named: Readonly<Partial<Record<SpecialRole, string>>> = {},
): SpecialIds {
  const find = (role: SpecialRole): number | null => {
    const own = named[role];
    for (const name of own === undefined ? NAMES[role] : [own]) {
      const id = idOf(name);
      if (id !== undefined) return id;
    }
    return null;
  };
  return {
    pad: find('pad'),
    bos: find('bos'),
    eos: find('eos'),
    unk: named.unk === undefined && modelUnknown !== null ? modelUnknown : find('unk'),
  };
}
