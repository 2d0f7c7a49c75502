/**
 * Tensors that no scope owns: they live until `dispose()`, and when they are dropped without it, until the garbage
 * collector finds out. It sees a small object, not the device memory behind it, so it must be told when that grows.
 */
import type { DType } from './dtype.ts';
import { show } from './errors.ts';
import type { Shape } from './shape.ts';
import { turn } from './turn.ts';

/** What a dropped tensor still holds, and how to name it. Must not lead back to the tensor. */
export interface Held {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly bytes: number;
  /** The operation that made it; null for a leaf. */
  readonly made: string | null;
  release(): void;
}

/** Tensors of one kind that were garbage-collected although nobody had disposed them. */
export interface Leak {
  /** `tensor [512, 256] float32 of relu` */
  readonly label: string;
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
}

/** Growth after which the collector is asked to look, in bytes and in tensors. */
const GROWTH = { bytes: 128 * 2 ** 20, count: 20_000 };
/** What is too much for a program that frees what it makes; parameters and data of large models are fewer. */
const TOO_MUCH = { bytes: 512 * 2 ** 20, withBytes: 3000, count: 100_000 };
/** Rounds of the event loop that a collection is given before a value is handed out all the same. */
const ROUNDS = 4;

const leaks = new Map<string, { label: string; count: number; bytes: number }>();
const live = { bytes: 0, count: 0 };
const limit = { ...GROWTH };
/** Growth until the next request: doubled each time that the collector finds little. */
const allowance = { ...GROWTH };
/** What was live when the collector was asked; null while it is not. */
let asked: { readonly bytes: number; readonly count: number } | null = null;
/** Whether the collector was made to look at all there is since it was asked. */
let forced = false;
let warned = false;

const registry = new FinalizationRegistry<Held>((held) => {
  forget(held);
  const label = labelOf(held);
  const leak = leaks.get(label) ?? { label, count: 0, bytes: 0 };
  leak.count++;
  leak.bytes += held.bytes;
  leaks.set(label, leak);
  held.release();
});

/** Tells that a collection has passed: whatever was dropped before it is released in the same round. */
const sentinels = new FinalizationRegistry<null>(() => void turn().then(settle));

const labelOf = ({ shape, dtype, made }: Held): string =>
  `tensor ${show(shape)} ${dtype}${made === null ? '' : ` of ${made}`}`;

function forget({ bytes }: Held): void {
  live.bytes -= bytes;
  live.count--;
}

/** Watches a tensor that no scope owns. */
export function watch(tensor: object, held: Held): void {
  registry.register(tensor, held, tensor);
  live.bytes += held.bytes;
  live.count++;
  if (live.bytes > limit.bytes || live.count > limit.count) askCollector();
}

/** Called when a watched tensor is disposed properly, or gets an owner. */
export function unwatch(tensor: object, held: Held): void {
  if (registry.unregister(tensor)) forget(held);
}

/**
 * Tensors that were dropped without `dispose()` and outside any scope, as far as the garbage collector has noticed, by
 * shape and operation. Their memory has been given back by then, but late: put a scope around the code that makes them.
 */
export const leakReport = (): readonly Leak[] => [...leaks.values()].map((leak) => ({ ...leak }));

/** Has the collector look soon, at first; at once, when the growth goes on and it has not. */
function askCollector(): void {
  if (asked === null) {
    asked = { ...live };
    forced = false;
    sentinels.register({}, null);
    // large enough that engines which count the bytes of array buffers begin a collection; never touched, so no memory
    allocate(GROWTH.bytes);
  } else {
    collectNow();
    forced = true;
    allowance.bytes *= 2;
    allowance.count *= 2;
    if (tooMuch()) warn();
  }
  limit.bytes = live.bytes + allowance.bytes;
  limit.count = live.count + allowance.count;
}

/** An allocation that cannot succeed: V8 collects all it can before it refuses. Elsewhere it is only refused. */
const collectNow = (): void => allocate(2 ** 50);

function allocate(bytes: number): void {
  try {
    new ArrayBuffer(bytes);
  } catch {
    // What matters is that the engine was asked.
  }
}

/** After a collection: the next one is due after more growth when this one gave little back. */
function settle(): void {
  if (asked === null) return;
  const found = live.bytes < 0.75 * asked.bytes || live.count < 0.75 * asked.count;
  if (!found && !forced) {
    // what was dropped after an incremental collection had begun counts as alive in it
    forced = true;
    sentinels.register({}, null);
    collectNow();
    return;
  }
  asked = null;
  allowance.bytes = found ? GROWTH.bytes : 2 * allowance.bytes;
  allowance.count = found ? GROWTH.count : 2 * allowance.count;
  limit.bytes = live.bytes + allowance.bytes;
  limit.count = live.count + allowance.count;
  if (!found && tooMuch()) warn();
}

const tooMuch = (): boolean =>
  live.count > TOO_MUCH.count || (live.bytes > TOO_MUCH.bytes && live.count > TOO_MUCH.withBytes);

/** What of the device's memory is in use, when this is awaited after a value was read: memory() of a backend. */
interface InUse {
  readonly liveBytes: number;
  readonly limitBytes: number | null;
}

/** Least of what is unowned that is worth a collection when memory is short. */
const WORTH = 2 ** 20;
/** What was unowned after the last collection because memory was short. */
let kept = 0;

/**
 * Waits for a collection where more than half of a device's memory is in use, and much of it by tensors that no scope
 * owns: the next allocation may be the one that fails. Null where there is room.
 */
export function makeRoom(device: { memory(): InUse }): Promise<void> | null {
  if (live.bytes < WORTH + 1.25 * kept) return null;
  const { liveBytes, limitBytes } = device.memory();
  return limitBytes === null || liveBytes < limitBytes / 2 || live.bytes < limitBytes / 8 ? null : collected();
}

async function collected(): Promise<void> {
  const before = live.count;
  await turn();
  collectNow();
  for (let i = 0; i < ROUNDS && live.count >= before; i++) await turn();
  kept = live.bytes;
}

/** What to add to the message of an allocation that failed; nothing where scopes own nearly all there is. */
export const advice = (): string =>
  live.count > 1000
    ? ` ${live.count} tensors that no scope owns hold ${megabytes(live.bytes)}: put each step into scope(() => …), which ` +
      'frees what the step made.'
    : '';

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

function warn(): void {
  if (warned) return;
  warned = true;
  console.warn(
    `heddle: ${live.count} tensors that no scope owns are alive and hold ${megabytes(live.bytes)}, more with every step. ` +
      'Put each step into scope(() => …), which frees what the step made and did not return; or call dispose(). ' +
      'Dropped tensors are freed only while the program waits for something, such as a value. ' +
      `One of them is made here:\n${place()}`,
  );
}

/** The first line of the stack outside the engine; all of the stack where a bundle holds both. */
function place(): string {
  const errors = Error as { stackTraceLimit?: number };
  const before = errors.stackTraceLimit;
  errors.stackTraceLimit = 50;
  const lines = (new Error('here').stack ?? '').split('\n').filter((line) => /:\d+:\d+\)?$/.test(line));
  if (before !== undefined) errors.stackTraceLimit = before;
  const folder = (line: string): string => /(?:\(|@|at )?([^\s(@]*\/)[^/]*$/.exec(line)?.[1] ?? '';
  const own = folder(lines[0] ?? '').replace(/chunks\/$/, '');
  return lines.find((line) => !folder(line).startsWith(own)) ?? lines.join('\n');
}
