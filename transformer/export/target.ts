import type { Translator } from '../decode.ts';

/** What leaves: a trained translator. */
export interface ExportSource {
  readonly translator: Translator;
}

/** Files by name; large ones in parts that are made as they are written. */
export type ExportFiles = Readonly<Record<string, Uint8Array | Iterable<Uint8Array>>>;

/** A program that trained models can be written for. */
export interface ExportTarget {
  /** What it is, as a title: `PyTorch`. */
  readonly title: string;
  /**
   * The files of a folder that this program reads. Nothing here touches a disk.
   *
   * @throws {ArgumentError} for a model that the program cannot hold, naming the option
   */
  files(source: ExportSource): Promise<ExportFiles>;
}
