/** Every address is a multiple of this: one cache line. */
export const ALIGNMENT = 64;

/** Sub-bins per power of two, as a shift: a block is at most 1/8 larger than the least of its bin. */
const SUB = 3;
const SUBS = 1 << SUB;
const BINS = (32 - SUB) * SUBS;

/** A run of memory, counted in units of 64 bytes, linked to its neighbours in memory and, when free, in its bin. */
interface Block {
  start: number;
  size: number;
  free: boolean;
  before: Block | null;
  after: Block | null;
  prev: Block | null;
  next: Block | null;
}

/** The bin that holds blocks of `size` units. */
function binOf(size: number): number {
  if (size < SUBS) return size;
  const top = 31 - Math.clz32(size);
  return (top - SUB + 1) * SUBS + ((size >>> (top - SUB)) & (SUBS - 1));
}

/** The first bin whose every block holds `size` units. */
function binAbove(size: number): number {
  if (size < SUBS) return size;
  const top = 31 - Math.clz32(size);
  return binOf(size + (1 << (top - SUB)) - 1);
}

/**
 * Hands out [base, end) of a linear memory from outside it (two-level segregated fit): free blocks lie in bins by size,
 * a freed block joins its free neighbours, and both cost the same however many blocks there are.
 */
export class Allocator {
  readonly #base: number;
  readonly #grow: (bytes: number) => number;
  readonly #bins: (Block | null)[] = new Array<Block | null>(BINS).fill(null);
  /** Bit s of word f: bin f·8+s has a block. Bit f of `#rows`: word f is not 0. */
  readonly #words = new Uint8Array(BINS / SUBS);
  #rows = 0;
  readonly #taken = new Map<number, Block>();
  #last: Block | null = null;
  #end: number;
  #used = 0;
  #high: number;

  /**
   * `grow(bytes)` makes at least `bytes` more room at the end if it can, and gives the number of bytes added (0: none).
   * `base` and `end` are multiples of 64.
   */
  constructor(base: number, end: number, grow: (bytes: number) => number) {
    this.#base = base;
    this.#end = base;
    this.#high = base;
    this.#grow = grow;
    this.#extend(end - base);
  }

  /** Bytes handed out, rounded up to whole units. */
  get usedBytes(): number {
    return this.#used * ALIGNMENT;
  }

  /** Bytes that were handed out once, came back, and wait for reuse. */
  get freedBytes(): number {
    return this.#high - this.#base - this.usedBytes;
  }

  /** Room in all, handed out or not. */
  get totalBytes(): number {
    return this.#end - this.#base;
  }

  /** The address of `bytes` of memory, or −1 when there is no room and no growth. */
  alloc(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT));
    if (size >= 1 << 26) return -1;
    let block = this.#find(size);
    if (!block) {
      const last = this.#last;
      const missing = (size - (last?.free ? last.size : 0)) * ALIGNMENT;
      const grown = this.#grow(missing);
      if (grown < missing) return -1;
      this.#extend(grown);
      block = this.#last!;
    }
    this.#unlink(block);
    if (block.size > size) this.#split(block, size);
    block.free = false;
    this.#used += size;
    this.#high = Math.max(this.#high, (block.start + size) * ALIGNMENT);
    const address = block.start * ALIGNMENT;
    this.#taken.set(address, block);
    return address;
  }

  /** Takes a block back; false when no block was handed out at this address. */
  free(address: number): boolean {
    const block = this.#taken.get(address);
    if (!block) return false;
    this.#taken.delete(address);
    this.#used -= block.size;
    this.#link(this.#join(block));
    return true;
  }

  /** A free block of at least `size` units: from the bins that surely fit, then by looking through its own bin. */
  #find(size: number): Block | null {
    const bin = binAbove(size);
    const row = bin >>> SUB;
    let word = (this.#words[row] ?? 0) & (-1 << (bin & (SUBS - 1)));
    let from = row;
    if (word === 0) {
      const rows = row >= 31 ? 0 : this.#rows & (-1 << (row + 1));
      if (rows !== 0) {
        from = 31 - Math.clz32(rows & -rows);
        word = this.#words[from]!;
      }
    }
    if (word !== 0) return this.#bins[(from << SUB) + 31 - Math.clz32(word & -word)]!;
    for (let block = this.#bins[binOf(size)] ?? null; block; block = block.next) if (block.size >= size) return block;
    return null;
  }

  #link(block: Block): void {
    const bin = binOf(block.size);
    const head = this.#bins[bin] ?? null;
    block.free = true;
    block.prev = null;
    block.next = head;
    if (head) head.prev = block;
    this.#bins[bin] = block;
    this.#words[bin >>> SUB]! |= 1 << (bin & (SUBS - 1));
    this.#rows |= 1 << (bin >>> SUB);
  }

  #unlink(block: Block): void {
    const bin = binOf(block.size);
    if (block.prev) block.prev.next = block.next;
    else this.#bins[bin] = block.next;
    if (block.next) block.next.prev = block.prev;
    block.prev = block.next = null;
    if (this.#bins[bin]) return;
    const row = bin >>> SUB;
    this.#words[row]! &= ~(1 << (bin & (SUBS - 1)));
    if (this.#words[row] === 0) this.#rows &= ~(1 << row);
  }

  /** Cuts what lies beyond `size` off an unlinked block, into a free one. */
  #split(block: Block, size: number): void {
    const rest: Block = {
      start: block.start + size,
      size: block.size - size,
      free: true,
      before: block,
      after: block.after,
      prev: null,
      next: null,
    };
    if (rest.after) rest.after.before = rest;
    else this.#last = rest;
    block.after = rest;
    block.size = size;
    this.#link(rest);
  }

  /** One block out of an unlinked one and its free neighbours. */
  #join(block: Block): Block {
    const { before, after } = block;
    if (after?.free) {
      this.#unlink(after);
      block.size += after.size;
      block.after = after.after;
    }
    let whole = block;
    if (before?.free) {
      this.#unlink(before);
      before.size += block.size;
      before.after = block.after;
      whole = before;
    }
    if (whole.after) whole.after.before = whole;
    else this.#last = whole;
    return whole;
  }

  /** Adds `bytes` of free room behind the end. */
  #extend(bytes: number): void {
    const size = Math.floor(bytes / ALIGNMENT);
    if (size <= 0) return;
    const block: Block = {
      start: this.#end / ALIGNMENT,
      size,
      free: false,
      before: this.#last,
      after: null,
      prev: null,
      next: null,
    };
    if (this.#last) this.#last.after = block;
    this.#last = block;
    this.#end += size * ALIGNMENT;
    this.#link(this.#join(block));
  }
}
