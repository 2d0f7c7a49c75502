/** Random order and random choice over streams, decided by a seed. */

import { ArgumentError, type Stream } from '../../../engine/index.ts';

/**
 * Gives all items in a random order, holding `size` of them: each that comes takes the place of a random one of those
 * held, which goes out. A true shuffle when `size` is at least the number of items; otherwise items move about `size`
 * places, so a file sorted by subject stays roughly so: shuffle it once on disk, or hold more.
 */
export async function* shuffleBuffer<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
  stream: Stream,
): AsyncGenerator<T> {
  if (!(Number.isInteger(size) && size > 0)) {
    throw new ArgumentError(`shuffleBuffer: size ${size}. Expected a whole number from 1.`);
  }
  const held: T[] = [];
  for await (const item of items) {
    if (held.length < size) {
      held.push(item);
      continue;
    }
    const at = stream.integer(size);
    const out = held[at]!;
    held[at] = item;
    yield out;
  }
  yield* stream.shuffle(held);
}

/**
 * `size` of the items, each equally likely, in the order in which they came: for a vocabulary, or a look at a corpus that
 * is too large to hold. Source: Vitter 1985, "Random sampling with a reservoir", algorithm R.
 */
export async function reservoir<T>(items: AsyncIterable<T> | Iterable<T>, size: number, stream: Stream): Promise<T[]> {
  if (!(Number.isInteger(size) && size >= 0)) {
    throw new ArgumentError(`reservoir: size ${size}. Expected a whole number from 0.`);
  }
  const held: { readonly item: T; readonly place: number }[] = [];
  let place = 0;
  for await (const item of items) {
    if (held.length < size) held.push({ item, place });
    else {
      const at = stream.integer(place + 1);
      if (at < size) held[at] = { item, place };
    }
    place++;
  }
  return held.sort((a, b) => a.place - b.place).map(({ item }) => item);
}
