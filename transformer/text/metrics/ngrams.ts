/** How often each n-gram occurs, its pieces joined. */
export type Counts = Map<string, number>;

/** Counts the n-grams of `pieces`, of exactly `order` pieces each. `glue` must not occur inside a piece. */
export function countNgrams(pieces: readonly string[], order: number, glue: string): Counts {
  const counts: Counts = new Map();
  for (let i = 0; i + order <= pieces.length; i++) {
    const ngram = order === 1 ? pieces[i]! : pieces.slice(i, i + order).join(glue);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Number of n-grams in all. */
export function total(counts: Counts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** N-grams both have: Σ min(count in `a`, count in `b`). */
export function overlap(a: Counts, b: Counts): number {
  let sum = 0;
  for (const [ngram, count] of a) sum += Math.min(count, b.get(ngram) ?? 0);
  return sum;
}

/** For every n-gram the most that any of `all` has. */
export function most(all: readonly Counts[]): Counts {
  const [first, ...others] = all;
  if (others.length === 0) return first ?? new Map();
  const counts: Counts = new Map(first);
  for (const other of others) {
    for (const [ngram, count] of other) counts.set(ngram, Math.max(count, counts.get(ngram) ?? 0));
  }
  return counts;
}
