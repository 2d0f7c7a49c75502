/** Where text comes from: anything that gives bytes, in Node and in browsers, gzipped or not. */

import { ArgumentError, FormatError } from '../../../engine/index.ts';

/** Bytes in pieces of any size: a file stream of Node, a `ReadableStream`, a `File`, the body of a `Response`. */
export type ByteInput =
  | Uint8Array
  | string
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** A text that can be read again and again, each epoch from its start. */
export interface TextSource {
  /** For reports; its ending tells the format (`.tsv`, `.jsonl.gz`). */
  readonly name: string;
  /** A stream from the first byte on. */
  open(): ByteInput | Promise<ByteInput>;
}

/** A source from content that is there already: a string, bytes, a `File` of a web page. */
export const textSource = (name: string, content: string | Uint8Array | Blob): TextSource => ({
  name,
  open: () => content,
});

/** A source that is fetched for each reading. */
export const openUrl = (url: string | URL, init?: RequestInit): TextSource => ({
  name: String(url),
  open: () => fetch(url, init),
});

/** Bytes read from a file at a time. */
const FILE_CHUNK = 1 << 18;

/**
 * A file by its path, in Node. A file that is not there fails when it is read, with Node's error and the path in it.
 *
 * @throws {ArgumentError} where there are no files to open: in a browser, use {@link textSource} or {@link openUrl}
 */
export function openFile(path: string): TextSource {
  // asked for at run time: no bundler for browsers may follow it
  const node = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  const fs = node?.getBuiltinModule?.('node:fs') as typeof import('node:fs') | undefined;
  if (fs === undefined) {
    throw new ArgumentError(`openFile: no files here to open '${path}' from. Use textSource(file.name, file).`);
  }
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* fs.createReadStream(path, { highWaterMark: FILE_CHUNK });
    } catch (error) {
      // Node names the path when it cannot open a file, but not when it cannot read one (a folder).
      throw Object.assign(error as Error, { path });
    }
  };
  return { name: path, open: read };
}

/** The bytes of a source, unpacked when they are gzipped, whatever the name says. */
export async function* readBytes(source: TextSource): AsyncGenerator<Uint8Array> {
  const [first, rest] = await peek(pieces(await source.open(), source.name));
  if (first === null) return;
  if (first[0] === 0x1f && first[1] === 0x8b) yield* gunzip(resumed(first, rest), source.name);
  else yield* resumed(first, rest);
}

async function* pieces(input: ByteInput, name: string): AsyncGenerator<Uint8Array> {
  if (typeof input === 'string') {
    yield new TextEncoder().encode(input);
  } else if (input instanceof Uint8Array) {
    yield input;
  } else if (typeof Response === 'function' && input instanceof Response) {
    if (!input.ok) throw new FormatError(`${name}: the server answered ${input.status}. Expected the file.`);
    if (input.body) yield* fromStream(input.body);
  } else if (typeof Blob === 'function' && input instanceof Blob) {
    yield* fromStream(input.stream());
  } else if (typeof ReadableStream === 'function' && input instanceof ReadableStream) {
    yield* fromStream(input);
  } else {
    yield* input as AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  }
}

/** By its reader: not every browser can loop over a stream. */
async function* fromStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}

type Rest = AsyncGenerator<Uint8Array>;

/** The first two bytes at least, or all there are; null for none. */
async function peek(input: Rest): Promise<[Uint8Array | null, Rest]> {
  let first: Uint8Array | null = null;
  while (first === null || first.length < 2) {
    const { done, value } = await input.next();
    if (done) break;
    if (first === null || first.length === 0) first = value;
    else first = Uint8Array.from([...first, ...value]);
  }
  return [first, input];
}

async function* resumed(first: Uint8Array, rest: Rest): Rest {
  try {
    yield first;
    yield* rest;
  } finally {
    // a reader that stops at the first piece has not entered the rest
    await rest.return(undefined);
  }
}

async function* gunzip(packed: Rest, name: string): Rest {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  let failed: { readonly error: unknown } | null = null;
  const input = async (): Promise<void> => {
    const bytes = packed[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await bytes.next().catch((error: unknown) => {
          failed = { error };
          throw error;
        });
        if (next.done) return await writer.close();
        await writer.write(next.value as Uint8Array<ArrayBuffer>);
      }
    } catch (error) {
      await bytes.return(undefined);
      await writer.abort(error).catch(() => {});
    }
  };
  const feeding = input();
  try {
    yield* fromStream(readable);
  } catch (cause) {
    // what went wrong below is no fault of the packing
    if (failed !== null) throw (failed as { error: unknown }).error;
    // Node unpacks files of several parts, as some tools make them; browsers stop after the first
    if (/(after|past)( the)? end/i.test(String(cause))) {
      throw new FormatError(
        `${name}: a gzip file with more after its end. Browsers unpack one part only: unpack it and pack it again.`,
        { cause },
      );
    }
    throw new FormatError(`${name}: a gzip file that is damaged or cut off. Fetch or make it again.`, { cause });
  } finally {
    await feeding;
  }
}
