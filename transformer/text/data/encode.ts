/** Sentence pairs to token ids, as a stream; what the vocabulary does not hold is counted. */

import { ArgumentError } from '../../../engine/index.ts';
import type { SpecialIds, SpecialRole } from '../tokenizer/index.ts';
import type { Example, Pair } from './batches.ts';
import type { NumberedPair } from './pairs.ts';
import type { DataReport } from './report.ts';

/** What encoding asks of a tokenizer: any that has these will do. */
export interface TextEncoding {
  /** The ids of its marks; null for those it has not. */
  readonly special: SpecialIds;
  /** The id of a mark that must be there. */
  mark(role: SpecialRole): number;
  /** Ids without start and end marks. */
  encode(text: string): number[];
  /** Pieces of the text that the vocabulary does not hold. */
  unknown(text: string): string[];
}

/** How to encode pairs. */
export interface EncodeOptions {
  readonly source: TextEncoding;
  readonly target: TextEncoding;
  /** A pair with a longer side, marks counted, is left out as too long. 256 unless told; Infinity for none. */
  readonly maxTokens?: number;
  /** Counts what is too long and what is unknown; the one that `readPairs` filled. */
  readonly report?: DataReport;
}

const MAX_TOKENS = 256;

/** A function that makes an example of a pair, or null when it is too long or has no tokens. */
export function encoder(options: EncodeOptions): (pair: Pair | NumberedPair) => Example | null {
  const { source, target, maxTokens = MAX_TOKENS, report } = options;
  if (!((Number.isInteger(maxTokens) || maxTokens === Number.POSITIVE_INFINITY) && maxTokens >= 3)) {
    throw new ArgumentError(
      `encodePairs: maxTokens ${maxTokens}. Expected a whole number from 3 (a token and two marks), or Infinity.`,
    );
  }
  const note = (tokenizer: TextEncoding, ids: readonly number[], text: string, line: number | null): void => {
    const { unk } = tokenizer.special;
    if (unk !== null && ids.includes(unk)) report?.addUnknown(tokenizer.unknown(text), line);
  };
  const sourceEnd = source.mark('eos');
  const [start, end] = [target.mark('bos'), target.mark('eos')];
  return (pair) => {
    const line = 'line' in pair ? pair.line : null;
    const [sourceIds, targetIds] = [source.encode(pair.source), target.encode(pair.target)];
    const tooLong = sourceIds.length + 1 > maxTokens || targetIds.length + 2 > maxTokens;
    if (tooLong || sourceIds.length === 0 || targetIds.length === 0) {
      report?.reject(tooLong ? 'tooLong' : 'emptySide', line ?? 0);
      return null;
    }
    note(source, sourceIds, pair.source, line);
    note(target, targetIds, pair.target, line);
    return { source: [...sourceIds, sourceEnd], target: [start, ...targetIds, end] };
  };
}

/** Examples of pairs as they come: the source with its end mark, the target with both marks. */
export async function* encodePairs(
  pairs: AsyncIterable<Pair> | Iterable<Pair>,
  options: EncodeOptions,
): AsyncGenerator<Example> {
  const encode = encoder(options);
  for await (const pair of pairs) {
    const example = encode(pair);
    if (example !== null) yield example;
  }
}
