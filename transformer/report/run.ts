/** What a report tells of a run: plain data, so that a report can be made anywhere, and again from files. */

/** One step of training, as far as the curves need it. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
}

/** A translated sentence beside the translation expected; several may count as right. */
export interface Sample {
  readonly source: string;
  readonly reference: string;
  readonly output: string;
  readonly right: boolean;
}

/** A sentence with what the decoder looked at. */
export interface AttentionSample extends Sample {
  readonly sourceTokens: readonly string[];
  /** The tokens the model wrote, the end mark with them. */
  readonly tokens: readonly string[];
  /** `attention[layer][head][row][column]`; row: token written, column: source token. */
  readonly attention: readonly (readonly (readonly (readonly number[])[])[])[];
  /** Probability the model gave each token it wrote. */
  readonly probabilities: readonly number[];
}

export interface RunReport {
  readonly name: string;
  /** ISO 8601. */
  readonly finished: string;
  readonly versions: { readonly heddle: string; readonly node: string; readonly platform: string };
  /** As a person would type it. */
  readonly command: string;
  readonly seed: number;
  readonly device: { readonly description: string; readonly software: boolean };
  readonly config: {
    readonly layers: number;
    readonly heads: number;
    readonly dModel: number;
    readonly feedForward: number;
    readonly dropout: number;
    readonly srcVocab: number;
    readonly tgtVocab: number;
  };
  readonly parameters: number;
  /** Where the pairs came from: a file, or null for the built-in corpus. */
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
  /** Sentences never seen in training; null where there were none. */
  readonly test: { readonly right: number; readonly total: number } | null;
  readonly losses: readonly LossPoint[];
  readonly showcase: readonly AttentionSample[];
  readonly samples: readonly Sample[];
}
