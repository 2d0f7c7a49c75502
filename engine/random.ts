/**
 * Philox 4x32-10, a counter-based random number generator: word n of a stream is a pure function of (seed, stream, n),
 * so every device computes the same numbers in any order. Source: Salmon et al. 2011, "Parallel random numbers: as
 * easy as 1, 2, 3". The shaders and the WebAssembly kernels hold the same ten rounds.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The high 32 bits of a·b, by 16-bit halves: no intermediate reaches 2^32, so all stay machine integers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const cross = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** Writes the four words of one block to `words` from `at`: counter (c0, c1, c2, c3) under key (k0, k1). */
function writeBlock(
  words: Uint32Array,
  at: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let [x0, x1, x2, x3, a, b] = [c0 | 0, c1 | 0, c2 | 0, c3 | 0, k0 | 0, k1 | 0];
  for (let round = 0; round < 10; round++) {
    const h0 = mulHigh(M0, x0);
    const l0 = Math.imul(M0, x0);
    const h1 = mulHigh(M1, x2);
    const l1 = Math.imul(M1, x2);
    x0 = h1 ^ x1 ^ a;
    x1 = l1;
    x2 = h0 ^ x3 ^ b;
    x3 = l0;
    a = (a + W0) | 0;
    b = (b + W1) | 0;
  }
  words[at] = x0;
  words[at + 1] = x1;
  words[at + 2] = x2;
  words[at + 3] = x3;
}

/** The four words of one block: counter (c0, c1, c2, c3) under key (k0, k1). */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): [number, number, number, number] {
  const words = new Uint32Array(4);
  writeBlock(words, 0, c0, c1, c2, c3, k0, k1);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
}

/** A seed as the two words of a Philox key. Seeds are integers from 0 to 2^53. */
export const seedWords = (seed: number): [number, number] => [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];

/**
 * The state of random choice: a seed, and how many streams have been drawn from it. Each tensor of random numbers takes
 * a stream of its own. Saving and restoring `state` continues a run exactly.
 */
export class Generator {
  #seed: number;
  #stream = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A stream nobody has drawn from. */
  next(): Stream {
    if (watched !== null && !watched.has(this)) watched.set(this, this.state);
    return new Stream(this.#seed, this.#stream++);
  }

  get state(): { seed: number; stream: number } {
    return { seed: this.#seed, stream: this.#stream };
  }

  set state({ seed, stream }: { seed: number; stream: number }) {
    this.#seed = seed;
    this.#stream = stream;
  }
}

/** Words of one stream in order, and the distributions made of them, all in float64 and the same everywhere. */
export class Stream {
  readonly seed: number;
  readonly stream: number;
  /** Words made ahead, twice as many each time up to this many: a stream may be asked for one word or for millions. */
  static readonly #AHEAD = 1024;
  #words = new Uint32Array(4);
  #next = 4;
  #blocks = 0;

  constructor(seed: number, stream = 0) {
    this.seed = seed;
    this.stream = stream;
  }

  /** The next 32 bits. */
  word(): number {
    if (this.#next === this.#words.length) this.#makeWords();
    return this.#words[this.#next++]!;
  }

  #makeWords(): void {
    if (this.#blocks > 0 && this.#words.length < Stream.#AHEAD) this.#words = new Uint32Array(2 * this.#words.length);
    const words = this.#words;
    const [k0, k1] = seedWords(this.seed);
    for (let at = 0; at < words.length; at += 4) {
      const counter = this.#blocks++;
      writeBlock(words, at, counter >>> 0, Math.floor(counter / 2 ** 32), this.stream, 0, k0, k1);
    }
    this.#next = 0;
  }

  /** Uniform in [0, 1), a multiple of 2^-24: the numbers dropout compares with p on every device. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /** Standard normal by Box and Muller 1958: √(−2 ln u)·cos 2πv. */
  normal(): number {
    const u = (this.word() + 0.5) * 2 ** -32;
    const v = this.word() * 2 ** -32;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  }

  /** An integer in [0, high), every one equally likely: words in the uneven rest of 2^32 are drawn again. */
  integer(high: number): number {
    const limit = 2 ** 32 - (2 ** 32 % high);
    let w = this.word();
    while (w >= limit) w = this.word();
    return w % high;
  }

  /** Fisher and Yates' shuffle, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}

/** The generator that initialisation and dropout draw from unless given another. */
export let defaultGenerator = new Generator(0);

/** Starts the default generator anew: same seed, same numbers, on every device. */
export function manualSeed(seed: number): Generator {
  defaultGenerator = new Generator(seed);
  return defaultGenerator;
}

/** Where generators stood when something began to draw from them. */
export interface Draws {
  readonly before: ReadonlyMap<Generator, Generator['state']>;
  readonly byDefault: Generator;
}

/** The generators drawn from since the innermost `recordDraws` began. */
let watched: Map<Generator, Generator['state']> | null = null;

/** Runs `body` and notes which generators it draws from, so that `replayDraws` can have it draw the same again. */
export function recordDraws<T>(body: () => T): { readonly value: T; readonly draws: Draws } {
  const outer = watched;
  const before = new Map<Generator, Generator['state']>();
  const byDefault = defaultGenerator;
  watched = before;
  try {
    return { value: body(), draws: { before, byDefault } };
  } finally {
    watched = outer;
    for (const [generator, state] of before) if (outer !== null && !outer.has(generator)) outer.set(generator, state);
  }
}

/** Runs `body` with the generators where they stood then; afterwards they stand where they stood before the call. */
export function replayDraws<T>({ before, byDefault }: Draws, body: () => T): T {
  const now = new Map([...before.keys()].map((generator) => [generator, generator.state] as const));
  const defaultNow = defaultGenerator;
  try {
    defaultGenerator = byDefault;
    for (const [generator, state] of before) generator.state = state;
    return body();
  } finally {
    for (const [generator, state] of now) generator.state = state;
    defaultGenerator = defaultNow;
  }
}
