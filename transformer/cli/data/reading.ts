import { stat } from 'node:fs/promises';
import {
  type DataReport,
  type NumberedPair,
  openFile,
  type ReadOptions,
  readPairBlocks,
  type TextSource,
} from '../../text/data/index.ts';
import type { Context } from '../context.ts';
import { Progress, progressOptions } from '../terminal/progress.ts';

/** Nothing is shown of what takes no longer. */
const QUIET_MS = 1000;

const MIB = 2 ** 20;

/** How files are read: as their task asks for, with a report, and what to show meanwhile. */
export interface Reading {
  readonly options?: ReadOptions;
  readonly report?: DataReport;
  /** What it is read for: shown with how far it is, by bytes, when it takes long. */
  readonly title?: string | undefined;
}

/** The pairs of files in blocks, from the first on, in memory that does not grow with them. */
export async function* readFiles(
  paths: readonly string[],
  { options = {}, report, title }: Reading,
  context: Context,
): AsyncGenerator<NumberedPair[]> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((a, b) => a + b, 0);
  const started = performance.now();
  let read = 0;
  let progress: Progress | null = null;
  const counted = (source: TextSource): TextSource => ({
    name: source.name,
    async *open() {
      for await (const bytes of (await source.open()) as AsyncIterable<Uint8Array>) {
        read += bytes.length;
        yield bytes;
      }
    },
  });
  const megabytes = (bytes: number): number => Math.round(bytes / MIB);
  const sources = paths.map((path) => counted(openFile(path)));
  try {
    for await (const block of readPairBlocks(sources, { ...options, ...(report && { report }) })) {
      yield block;
      if (title === undefined) continue;
      if (progress === null && performance.now() - started > QUIET_MS) {
        progress = new Progress(title, megabytes(total), 0, progressOptions(context));
      }
      progress?.update(Math.min(megabytes(read), megabytes(total)), 'MiB');
    }
  } finally {
    progress?.stop();
  }
}
