import { FormatError } from '../../../engine/index.ts';
import { byteToken, utf8 } from './bytes.ts';
import type { Fields } from './format.ts';
import { Heap } from './heap.ts';
import { type Model, remembering, type Token } from './model.ts';

/** What becomes of two neighbours: the earliest merge comes first. */
interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** A piece on its way: an id for each character, and the text of those that are unknown. */
interface Symbols {
  readonly ids: number[];
  readonly unknown: (string | undefined)[];
}

/** An id that was merged into the one before it. */
const MERGED = -1;
/** An id where the vocabulary has neither the character nor a token for unknown text. */
const LEFT_OUT = -2;

/**
 * Byte-pair encoding: a piece falls into characters, then the pair of neighbours that was merged first in training is
 * merged, from the left, until no pair is left that was.
 *
 * Source: Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words with Subword Units".
 */
export function bpe(config: Fields): Model {
  const ids = config.ids('vocab');
  const prefix = config.string('continuing_subword_prefix', '');
  const suffix = config.string('end_of_word_suffix', '');
  const fallback = config.boolean('byte_fallback', false);
  const fuse = config.boolean('fuse_unk', false);
  const whole = config.boolean('ignore_merges', false);
  if (config.number('dropout', 0) > 0) {
    throw config.wrong('dropout', config.raw('dropout'), 'none: the same text always gives the same tokens here');
  }
  const unknownToken = config.optional('unk_token');
  const unknown = unknownToken === null ? null : (ids.get(unknownToken) ?? null);
  // pairs as one number: ids are below `base`
  const base = 1 + [...ids.values()].reduce((n, id) => Math.max(n, id), 0);
  const merges = readMerges(config, ids, base, prefix);

  /** The characters of a piece; what the vocabulary has not is bytes, unknown or left out. */
  const characters = (piece: string): Symbols => {
    const symbols: Symbols = { ids: [], unknown: [] };
    const add = (id: number, own?: string): void => {
      symbols.ids.push(id);
      symbols.unknown.push(own);
    };
    const all = Array.from(piece);
    for (const [i, character] of all.entries()) {
      const text = (i > 0 ? prefix : '') + character + (i === all.length - 1 ? suffix : '');
      const id = ids.get(text);
      const bytes = id === undefined && fallback ? Array.from(utf8(text), byteToken) : [];
      const before = symbols.unknown.at(-1);
      if (id !== undefined) add(id);
      else if (bytes.length > 0 && bytes.every((b) => ids.has(b))) for (const b of bytes) add(ids.get(b)!);
      else if (fuse && before !== undefined) symbols.unknown[symbols.unknown.length - 1] = before + character;
      else add(unknown ?? LEFT_OUT, character);
    }
    return symbols;
  };

  const names: string[] = [];
  for (const [token, id] of ids) names[id] = token;

  const tokenize = (piece: string): readonly Token[] => {
    const id = whole ? ids.get(piece) : undefined;
    if (id !== undefined) return [{ id, text: piece, known: true }];
    const symbols = characters(piece);
    mergeAll(symbols.ids, merges, base);
    const tokens: Token[] = [];
    for (const [at, id] of symbols.ids.entries()) {
      const own = symbols.unknown[at];
      if (own !== undefined) tokens.push({ id: id === LEFT_OUT ? null : id, text: own, known: false });
      else if (id !== MERGED) tokens.push({ id, text: names[id]!, known: true });
    }
    return tokens;
  };
  return { ids, unknown, tokenize: remembering(tokenize) };
}

/** Merges `ids` in place: the earliest merge first, among equals the leftmost. */
function mergeAll(ids: number[], merges: ReadonlyMap<number, Merge>, base: number): void {
  const { length } = ids;
  // neighbours that are left, by place
  const next = Int32Array.from(ids, (_, at) => at + 1);
  const previous = Int32Array.from(ids, (_, at) => at - 1);
  const mergeAt = (at: number): Merge | undefined => {
    const right = next[at]!;
    return right < length && ids[at]! >= 0 && ids[right]! >= 0 ? merges.get(ids[at]! * base + ids[right]!) : undefined;
  };
  // a candidate is one number, its rank before its place
  const queue = new Heap<number>((a, b) => a < b);
  const offer = (at: number): void => {
    const merge = mergeAt(at);
    if (merge !== undefined) queue.push(merge.rank * length + at);
  };
  for (let at = 0; at + 1 < length; at++) offer(at);
  for (let found = queue.pop(); found !== undefined; found = queue.pop()) {
    const at = found % length;
    const merge = mergeAt(at);
    // one of the two has been merged with another neighbour since
    if (merge === undefined || merge.rank !== (found - at) / length) continue;
    const right = next[at]!;
    ids[at] = merge.id;
    ids[right] = MERGED;
    next[at] = next[right]!;
    if (next[at]! < length) previous[next[at]!] = at;
    if (previous[at]! >= 0) offer(previous[at]!);
    offer(at);
  }
}

/** The merges by pair; each is written `"a b"` or `["a", "b"]`. */
function readMerges(
  config: Fields,
  ids: ReadonlyMap<string, number>,
  base: number,
  prefix: string,
): Map<number, Merge> {
  const merges = new Map<number, Merge>();
  config.list('merges').forEach((entry, rank) => {
    const fail = (why: string): FormatError =>
      new FormatError(`${config.path}.merges[${rank}]: ${JSON.stringify(entry)}: ${why}.`);
    const pair: unknown = typeof entry === 'string' ? entry.split(' ') : entry;
    if (!Array.isArray(pair) || pair.length !== 2) throw fail('expected two tokens');
    const [left, right] = pair as [string, string];
    const id = ids.get(left + right.slice(prefix.length));
    const [l, r] = [ids.get(left), ids.get(right)];
    if (l === undefined || r === undefined || id === undefined) throw fail('not in the vocabulary');
    merges.set(l * base + r, { rank, id });
  });
  return merges;
}
