import type { Translator } from '../model/translate.ts';
import type { TrainState } from '../training/index.ts';

/** What leaves: a trained translator, and what is known of its training. */
export interface ExportSource {
  readonly translator: Translator;
  /** Steps behind it; null where nobody counted. */
  readonly step: number | null;
  /** What training goes on from; null where there is none that belongs to this very model. */
  readonly state: TrainState | null;
  /** How it was trained, as config.json of its run keeps it under `training`; null where that is not known. */
  readonly training: unknown;
}

/** Files by name; large ones in parts that are made as they are written. */
export type ExportFiles = Readonly<Record<string, Uint8Array | Iterable<Uint8Array>>>;

/** A program that trained models can be written for. */
export interface ExportTarget {
  /** What it is, as a title: `PyTorch`. */
  readonly title: string;
  /** Training can go on there, and wants the state of it. */
  readonly trains: boolean;
  /**
   * The files of a folder that this program reads. Nothing here touches a disk.
   *
   * @throws {ArgumentError} for a model that the program cannot hold, naming the option
   */
  files(source: ExportSource): Promise<ExportFiles>;
}
