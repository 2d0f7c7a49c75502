/** What a report tells of a run: plain data, so that a report can be made anywhere, and again from files. */

import type { Structure } from '../model/structure.ts';
import type { Metric, ModelChoice } from '../training/runs/choice.ts';
import type { LogPoint } from '../training/runs/logEntry.ts';
import { taskNamed } from '../training/tasks/index.ts';
import type { AttentionData } from '../view/attentionTable.ts';

/** A translated sentence beside those expected, of which any counts as right; the first is shown. */
export interface Sample {
  readonly source: string;
  readonly references: readonly string[];
  readonly output: string;
  readonly right: boolean;
}

/** A sentence with what the decoder looked at. */
export interface AttentionSample extends Sample, AttentionData {}

/** How the sentences set aside were translated. */
export interface TestScores {
  /** Exactly as a reference has it. */
  readonly right: number;
  readonly total: number;
  /** Corpus scores, 0 to 100, and what they depend on in sacreBLEU's form. */
  readonly bleu: { readonly score: number; readonly signature: string };
  readonly chrf: { readonly score: number; readonly signature: string };
}

/** Where a run stands when its report is written. */
export interface RunProgress {
  /** Running: the page loads itself again. Stopped: somebody or an error ended it before its last step. */
  readonly state: 'running' | 'testing' | 'stopped' | 'finished';
  readonly step: number;
  readonly steps: number;
  /** Seconds to the last step, at the speed so far; null where there is nothing to reckon from. */
  readonly left: number | null;
}

/** Whether more is to come, so that the page shall look again. */
export const isLive = ({ state }: RunProgress): boolean => state === 'running' || state === 'testing';

export interface RunReport {
  readonly name: string;
  /** When the report was written, in ISO 8601. */
  readonly written: string;
  readonly progress: RunProgress;
  readonly versions: { readonly heddle: string; readonly node: string; readonly platform: string };
  /** What makes this run again from nothing, as a person would type it. */
  readonly command: string;
  /** What goes on with it. */
  readonly resume: string;
  readonly seed: number;
  readonly device: { readonly description: string; readonly software: boolean };
  readonly config: Structure & {
    readonly layers: number;
    readonly heads: number;
    readonly dModel: number;
    readonly feedForward: number;
    readonly dropout: number;
    readonly srcVocab: number;
    readonly tgtVocab: number;
  };
  readonly parameters: number;
  /** What was learnt, by its name in TASKS. */
  readonly task: string;
  /** Where the pairs came from: files, or null for those that the task makes. */
  readonly data: readonly string[] | null;
  readonly pairs: number;
  readonly training: {
    readonly steps: number;
    readonly epochs: number;
    readonly seconds: number;
    readonly tokens: number;
    readonly tokensPerSecond: number;
    readonly batchTokens: number;
    readonly labelSmoothing: number;
  };
  /** What validation looks at to tell the best model; null where there is no validation. */
  readonly metric: Metric | null;
  /** Which model is the one to use so far; null before the first checkpoint. */
  readonly chosen: ModelChoice | null;
  /** Sentences never seen in training; null where there were none. */
  readonly test: TestScores | null;
  readonly log: readonly LogPoint[];
  readonly showcase: readonly AttentionSample[];
  readonly samples: readonly Sample[];
}

/**
 * Whether an output that is not the one expected may be right all the same: people translate in many ways. A score of all
 * sentences then says more than those that are exactly as expected.
 */
export const hasManyAnswers = ({ data, task }: Pick<RunReport, 'data' | 'task'>): boolean =>
  data !== null && taskNamed(task).isText;
