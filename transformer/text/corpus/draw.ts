/**
 * Seeded, balanced choice: the only source of randomness in the corpus.
 *
 * A grammar that picks its words uniformly starves the words that few patterns admit. Every lexical pick here
 * therefore looks at three candidates and keeps the one used least so far, which evens out the word counts without
 * any table of weights to maintain, and stays deterministic because the counts are part of the seeded state.
 */

/** Relations between two content words whose combinations may be held out of training. */
export type Relation = 'agent' | 'object' | 'quality' | 'location';

/** Share of word pairs, per relation, that never occur in training: one in this many. */
const HELD_OUT_ONE_IN = 20;

/**
 * Whether a pair of related words is kept out of training. It depends on the two words alone, never on the seed, so
 * that corpora drawn with different seeds hold out the same combinations and can be compared.
 */
export function isHeldOut(relation: string): boolean {
  return hash(relation) % HELD_OUT_ONE_IN === 0;
}

/** FNV-1a with a final avalanche: short keys that differ in one letter must not land in neighbouring buckets. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A stream of choices, and the word relations that the sentence under construction has made. */
export class Draw {
  #state: number;
  readonly #uses = new Map<string, Map<unknown, number>>();
  #relations = new Set<string>();

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The relations made since the last `begin`, each as `kind:word:word`. */
  get relations(): readonly string[] {
    return [...this.#relations];
  }

  /** Starts a new sentence. */
  begin(): void {
    this.#relations = new Set();
  }

  /** A number in [0, 1); mulberry32, whose whole state is one 32-bit integer. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /**
   * One of the items, preferring those used least so far. Uses are counted per scope: a verb that enters every tense
   * would otherwise be passed over in each of them for the sake of a verb that has only one.
   */
  pick<T>(items: readonly T[], scope = ''): T {
    let uses = this.#uses.get(scope);
    if (uses === undefined) this.#uses.set(scope, (uses = new Map()));
    let best = this.#at(items);
    let fewest = uses.get(best) ?? 0;
    for (let k = 0; k < 2; k++) {
      const other = this.#at(items);
      const count = uses.get(other) ?? 0;
      if (count < fewest) {
        best = other;
        fewest = count;
      }
    }
    uses.set(best, fewest + 1);
    return best;
  }

  /** One of the values, with probability proportional to its weight. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T {
    let total = 0;
    for (const [weight] of entries) total += weight;
    let left = this.random() * total;
    for (const [weight, value] of entries) {
      left -= weight;
      if (left < 0) return value;
    }
    // Rounding can leave a hair's breadth after the last entry; that sliver belongs to it.
    const last = entries.at(-1);
    if (last === undefined) throw new Error('Draw.weighted: no entries to choose from');
    return last[1];
  }

  /** Notes that two words stand in a relation in the sentence under construction. */
  relate(relation: Relation, left: string | undefined, right: string | undefined): void {
    if (left !== undefined && right !== undefined) this.#relations.add(`${relation}:${left}:${right}`);
  }

  #at<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error('Draw.pick: no items to choose from');
    return item;
  }
}
