import { argmax, narrow, noGrad, scope, type Tensor } from '../engine/index.ts';
import { padded } from './data.ts';
import type { Transformer } from './model.ts';
import { BOS, EOS, type Tokenizer } from './tokenizer.ts';

/** A model and the tokenizers it was trained with. */
export interface Translator {
  readonly model: Transformer;
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** One translated sentence. */
export interface Translation {
  readonly text: string;
  readonly sourceTokens: readonly string[];
  /** The target tokens, with the end mark when the model set one. */
  readonly tokens: readonly string[];
}

export interface DecodeOptions {
  /** Longest translation, in tokens. Default: 2·source + 10. */
  readonly maxLength?: number;
}

/**
 * Greedy decoding: at each place the most probable token, until every sentence of the batch has ended.
 * Returns the ids of each translation, with its end mark.
 */
export async function greedyDecode(
  model: Transformer,
  sources: readonly (readonly number[])[],
  options: DecodeOptions = {},
): Promise<number[][]> {
  const width = sources.reduce((n, s) => Math.max(n, s.length), 1);
  const limit = options.maxLength ?? 2 * width + 10;
  const done = sources.map((): number[] => []);
  const wasTraining = model.training;
  model.eval();
  using outer = scope();
  let memory: Tensor;
  let padding: Tensor;
  {
    using inner = scope();
    using _ = noGrad();
    padding = inner.keep(model.padding(padded(sources, width, model.device)));
    memory = inner.keep(model.encode(padded(sources, width, model.device), padding));
  }
  const ended = (ids: number[]): boolean => ids.at(-1) === EOS;
  for (let length = 1; length <= limit && !done.every(ended); length++) {
    let next: Tensor;
    {
      using inner = scope();
      using _ = noGrad();
      const input = padded(
        done.map((ids) => [BOS, ...ids]),
        length,
        model.device,
      );
      // scores of the last place: [batch, 1, vocab] → ids [batch, 1]
      const scores = narrow(model.decode(input, memory, padding), 1, length - 1, 1);
      next = inner.keep(argmax(scores, -1));
    }
    const ids = await next.data();
    next.dispose();
    done.forEach((row, i) => {
      if (!ended(row)) row.push(ids[i]!);
    });
  }
  outer.dispose();
  model.train(wasTraining);
  return done;
}

/** Translates sentences together. */
export async function translateBatch(
  translator: Translator,
  texts: readonly string[],
  options: DecodeOptions = {},
): Promise<Translation[]> {
  if (texts.length === 0) return [];
  const { model, source, target } = translator;
  const sources = texts.map((t) => [...source.encode(t), EOS]);
  const outputs = await greedyDecode(model, sources, options);
  return outputs.map((ids, i) => ({
    text: target.decode(ids),
    sourceTokens: source.tokens(sources[i]!),
    tokens: target.tokens(ids),
  }));
}

/** Translates one sentence. */
export const translate = async (translator: Translator, text: string, options: DecodeOptions = {}): Promise<string> =>
  (await translateBatch(translator, [text], options))[0]!.text;
