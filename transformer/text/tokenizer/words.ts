import type { Fields } from './format.ts';
import type { Model, Token } from './model.ts';

/** Every piece is one token, or unknown. */
export function wordLevel(config: Fields): Model {
  const ids = config.ids('vocab');
  const unknown = ids.get(config.string('unk_token', '<unk>')) ?? null;
  return {
    ids,
    unknown,
    tokenize: (piece) => {
      const id = ids.get(piece);
      return [id === undefined ? { id: unknown, text: piece, known: false } : { id, text: piece, known: true }];
    },
  };
}

/**
 * The longest token that begins the piece, and again for the rest, with a prefix (`##`) to tokens that continue a word.
 * A piece with any unknown part is unknown as a whole. Source: BERT (Devlin et al. 2019); Wu et al. 2016.
 */
export function wordPiece(config: Fields): Model {
  const ids = config.ids('vocab');
  const unknown = ids.get(config.string('unk_token', '[UNK]')) ?? null;
  const prefix = config.string('continuing_subword_prefix', '##');
  const longest = config.number('max_input_chars_per_word', 100);
  const tokenize = (piece: string): readonly Token[] => {
    const characters = Array.from(piece);
    const whole: Token[] = [{ id: unknown, text: piece, known: false }];
    if (characters.length > longest) return whole;
    const tokens: Token[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      let text = '';
      let id: number | undefined;
      for (; end > start && id === undefined; end--) {
        text = (start > 0 ? prefix : '') + characters.slice(start, end).join('');
        id = ids.get(text);
      }
      if (id === undefined) return whole;
      tokens.push({ id, text, known: true });
      start = end + 1;
    }
    return tokens;
  };
  return { ids, unknown, tokenize };
}
