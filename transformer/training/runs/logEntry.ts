/** One step of training, as far as the curves need it. */
export interface LogPoint {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  /** Null for a step that was left out, whose gradient overflowed float16. */
  readonly gradNorm: number | null;
  /** Bytes of device memory: what is held after the step, and the most that ever was. */
  readonly memory?: { readonly used: number; readonly peak: number };
  /** What was measured after the step on sentences it does not learn from; scores where they were translated. */
  readonly validation?: {
    readonly loss: number;
    readonly bleu: number | null;
    readonly chrf: number | null;
    /** The best so far. */
    readonly best: boolean;
  };
}

/** One line of log.jsonl: a step of training, and what was measured after it. */
export interface LogEntry extends LogPoint {
  /** True where the step was left out, since a gradient overflowed float16. */
  readonly skipped?: boolean;
  /** What the loss was multiplied by; missing in float32. */
  readonly lossScale?: number;
  /** Target tokens of this step. */
  readonly tokens: number;
  /** Since the run began, pauses not counted. */
  readonly seconds: number;
}

/** The entries of log.jsonl up to step `last`, each step once; a line that a crash cut off is none. */
export function parseLog(text: string, last = Number.POSITIVE_INFINITY): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry !== null && entry.step <= last && entry.step > (entries.at(-1)?.step ?? 0)) entries.push(entry);
  }
  return entries;
}

function parse(line: string): LogEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<LogEntry> | null;
    return typeof entry?.step === 'number' && typeof entry.loss === 'number' ? (entry as LogEntry) : null;
  } catch {
    return null;
  }
}
