/** What a report tells of a run: plain data, so that a report can be made anywhere, and again from files. */

/** One step of training, as far as the curves need it. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
}

/** A translated sentence beside those expected, of which any counts as right; the first is shown. */
export interface Sample {
  readonly source: string;
  readonly references: readonly string[];
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

/** How the sentences set aside were translated. */
export interface TestScores {
  /** Exactly as a reference has it. */
  readonly right: number;
  readonly total: number;
  /** Corpus scores, 0 to 100, and what they depend on in sacreBLEU's form. */
  readonly bleu: { readonly score: number; readonly signature: string };
  readonly chrf: { readonly score: number; readonly signature: string };
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
  readonly test: TestScores | null;
  readonly losses: readonly LossPoint[];
  readonly showcase: readonly AttentionSample[];
  readonly samples: readonly Sample[];
}
