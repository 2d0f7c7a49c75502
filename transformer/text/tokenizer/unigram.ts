import { FormatError } from '../../../engine/index.ts';
import { byteToken, utf8 } from './bytes.ts';
import type { Fields } from './format.ts';
import type { Model, Token } from './model.ts';

/** An unknown character counts this much less than the least probable token. */
const UNKNOWN_PENALTY = 10;

/** The best way to a place in the piece: where its last token began, and which it was. */
interface Step {
  readonly from: number;
  readonly id: number | null;
  readonly score: number;
}

/**
 * The most probable sequence of tokens (Viterbi), given the logarithm of each token's probability. Unknown characters in
 * a row are one. Source: Kudo 2018, "Subword Regularization"; SentencePiece.
 */
export function unigram(config: Fields): Model {
  const path = `${config.path}.vocab`;
  const entries = config.list('vocab').map((entry, i): [string, number] => {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw new FormatError(`${path}[${i}]: ${JSON.stringify(entry)}, expected [token, score].`);
    }
    return [token, score];
  });
  const ids = new Map(entries.map(([token], id) => [token, id]));
  const scores = entries.map(([, score]) => score);
  const unknown = config.has('unk_id') ? config.number('unk_id') : null;
  if (unknown !== null && entries[unknown] === undefined) {
    throw config.wrong('unk_id', unknown, `an id of the ${entries.length} tokens`);
  }
  const fallback = config.boolean('byte_fallback', false);
  const lowest = scores.reduce((low, s) => Math.min(low, s), Number.POSITIVE_INFINITY);
  // longest token in code units: how far a token can reach
  const reach = entries.reduce((n, [token]) => Math.max(n, token.length), 0);

  const bestPath = (piece: string): Step[] => {
    const best: (Step | undefined)[] = new Array(piece.length + 1);
    const offer = (end: number, step: Step): void => {
      const other = best[end];
      if (other === undefined || step.score > other.score) best[end] = step;
    };
    for (let at = 0; at < piece.length; ) {
      const width = piece.codePointAt(at)! > 0xffff ? 2 : 1;
      const before = at === 0 ? 0 : best[at]!.score;
      let single = false;
      for (let length = 1; length <= Math.min(reach, piece.length - at); length++) {
        const id = ids.get(piece.slice(at, at + length));
        if (id === undefined) continue;
        offer(at + length, { from: at, id, score: before + scores[id]! });
        single ||= length === width;
      }
      if (!single) offer(at + width, { from: at, id: unknown, score: before + lowest - UNKNOWN_PENALTY });
      at += width;
    }
    const steps: Step[] = [];
    for (let end = piece.length; end > 0; end = steps.at(-1)!.from) steps.push(best[end]!);
    return steps.reverse();
  };

  const bytes = (text: string): Token[] | null => {
    const tokens = Array.from(utf8(text), (byte) => ({
      text: byteToken(byte),
      id: ids.get(byteToken(byte)),
      known: true,
    }));
    return tokens.every((t): t is typeof t & { id: number } => t.id !== undefined) ? tokens : null;
  };

  const tokenize = (piece: string): readonly Token[] => {
    const tokens: Token[] = [];
    let missing = '';
    const flush = (): void => {
      if (missing === '') return;
      tokens.push(...((fallback ? bytes(missing) : null) ?? [{ id: unknown, text: missing, known: false }]));
      missing = '';
    };
    const steps = bestPath(piece);
    steps.forEach(({ from, id }, i) => {
      const text = piece.slice(from, steps[i + 1]?.from);
      if (id === null || id === unknown) {
        missing += text;
        return;
      }
      flush();
      tokens.push({ id, text, known: true });
    });
    flush();
    return tokens;
  };
  return { ids, unknown, tokenize };
}
