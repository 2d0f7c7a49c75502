import { FormatError } from '../../engine/index.ts';
import { byteToken, utf8 } from './bytes.ts';
import type { Fields } from './format.ts';
import { Heap } from './heap.ts';
import { type Model, remembering, type Token } from './model.ts';

/** What becomes of two neighbours: the earliest merge comes first. */
interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** A token on its way, linked to its neighbours by place; id −1: merged into the one before. */
interface Symbol {
  id: number;
  text: string;
  known: boolean;
  previous: number;
  next: number;
}

/** A merge that may happen at a place. */
interface Candidate extends Merge {
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

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
  const characters = (piece: string): Symbol[] => {
    const symbols: Symbol[] = [];
    const add = (id: number, text: string, known: boolean): void => {
      symbols.push({ id, text, known, previous: symbols.length - 1, next: symbols.length + 1 });
    };
    const all = Array.from(piece);
    for (const [i, character] of all.entries()) {
      const text = (i > 0 ? prefix : '') + character + (i === all.length - 1 ? suffix : '');
      const id = ids.get(text);
      const bytes = id === undefined && fallback ? Array.from(utf8(text), byteToken) : [];
      const last = symbols.at(-1);
      if (id !== undefined) add(id, text, true);
      else if (bytes.length > 0 && bytes.every((b) => ids.has(b))) for (const b of bytes) add(ids.get(b)!, b, true);
      else if (fuse && last?.known === false) last.text += character;
      else add(unknown ?? LEFT_OUT, character, false);
    }
    return symbols;
  };

  const tokenize = (piece: string): readonly Token[] => {
    if (piece === '') return [];
    const id = whole ? ids.get(piece) : undefined;
    if (id !== undefined) return [{ id, text: piece, known: true }];
    const symbols = characters(piece);
    if (symbols.length > 1) mergeAll(symbols, merges, base, prefix.length);
    return symbols
      .filter((s) => s.id !== MERGED)
      .map((s) => ({ id: s.id === LEFT_OUT ? null : s.id, text: s.text, known: s.known }));
  };
  return { ids, unknown, tokenize: remembering(tokenize) };
}

const MERGED = -1;
const LEFT_OUT = -2;

/** Merges `symbols` in place: the earliest merge first, among equals the leftmost. */
function mergeAll(symbols: Symbol[], merges: ReadonlyMap<number, Merge>, base: number, prefix: number): void {
  const queue = new Heap<Candidate>((a, b) => a.rank < b.rank || (a.rank === b.rank && a.at < b.at));
  const offer = (at: number): void => {
    const left = symbols[at];
    const right = left && symbols[left.next];
    if (right === undefined || left!.id < 0 || right.id < 0) return;
    const merge = merges.get(left!.id * base + right.id);
    if (merge !== undefined) queue.push({ ...merge, at, left: left!.id, right: right.id });
  };
  for (let at = 0; at + 1 < symbols.length; at++) offer(at);
  for (let found = queue.pop(); found !== undefined; found = queue.pop()) {
    const left = symbols[found.at]!;
    const right = symbols[left.next];
    // one of the two has been merged with another neighbour since
    if (left.id !== found.left || right?.id !== found.right) continue;
    left.id = found.id;
    left.text += right.text.slice(prefix);
    right.id = MERGED;
    left.next = right.next;
    const next = symbols[right.next];
    if (next !== undefined) next.previous = found.at;
    if (left.previous >= 0) offer(left.previous);
    offer(found.at);
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
