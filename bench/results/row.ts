import type { Counts, EngineName } from '../engines/engine.ts';
import type { BackendKind, SuiteName } from '../suite/case.ts';

/** One engine on one case: what the JSON is a list of. Rows of several runs may stand in one list. */
export interface Row {
  readonly suite: SuiteName | 'peak';
  readonly case: string;
  readonly backend: BackendKind;
  readonly threads: number;
  readonly engine: EngineName | 'machine';
  readonly version: string;
  /** Of one run; null where nothing was timed, and `note` says why. */
  readonly median_ms: number | null;
  /** Interquartile range over the median. */
  readonly spread: number | null;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly tokens_per_s?: number;
  /**
   * Of heddle: time of the best peer over its own, round by round, the median. Above 1 heddle is faster. The best peer is the
   * fastest of those that run in a page; PyTorch runs vectors of the processor that no page has, and has a ratio of its own.
   */
  readonly ratio_to_best_peer?: number;
  /** The lowest and highest of the rounds. */
  readonly ratio_range?: readonly [number, number];
  readonly best_peer?: EngineName;
  readonly ratio_to_pytorch?: number;
  readonly peak_bytes?: number;
  readonly estimated_bytes?: number;
  readonly dispatches?: number;
  readonly submits?: number;
  readonly bind_groups?: number;
  readonly buffers?: number;
  /** Why there is no time, or what is wrong. */
  readonly note?: string;
  /** The outputs were not what the reference says. */
  readonly wrong?: true;
  readonly curve?: string;
  readonly size?: number;
  /** What it ran on: `Node 20.20.2`, the processor or the adapter, the moment. */
  readonly runtime: string;
  readonly machine: string;
  readonly device: string;
  readonly date: string;
  /** How the engine was used. */
  readonly how: string;
}

/** The part of a row that all of a run have. */
export type Context = Pick<Row, 'backend' | 'threads' | 'runtime' | 'machine' | 'date'>;

export const countFields = ({
  dispatches,
  submits,
  bindGroups,
  buffers,
  peakBytes,
  estimatedBytes,
}: Counts): Partial<Row> => ({
  ...(dispatches !== undefined && { dispatches }),
  ...(submits !== undefined && { submits }),
  ...(bindGroups !== undefined && { bind_groups: bindGroups }),
  ...(buffers !== undefined && { buffers }),
  ...(peakBytes !== undefined && { peak_bytes: peakBytes }),
  ...(estimatedBytes !== undefined && { estimated_bytes: estimatedBytes }),
});
