import type { Tokenizer } from '../text/tokenizer/index.ts';
import { type GenerateOptions, type GenerativeModel, generate, type Hypothesis } from './decoding/index.ts';
import type { SampleOptions } from './decoding/sampling.ts';
import { type DecodedToken, decodeTokens } from './decoding/tokens.ts';

/** A text that a model generated. */
export interface GeneratedText extends Hypothesis {
  readonly text: string;
  /** Its tokens, with the end token where it was generated. */
  readonly tokens: readonly string[];
}

/** The start and end token of a tokenizer, as options of decoding. */
export const startAndEnd = (tokenizer: Tokenizer): { readonly bos: number; readonly eos: number } => ({
  bos: tokenizer.mark('bos'),
  eos: tokenizer.mark('eos'),
});

/**
 * Generates from all inputs together and decodes the results with `tokenizer`, whose start and end token are used. For
 * each input the best `nBest` texts, the best first; none for an input that is null.
 */
export async function generateTexts<Input>(
  model: GenerativeModel<Input>,
  tokenizer: Tokenizer,
  inputs: readonly (Input | null)[],
  options: GenerateOptions = {},
): Promise<GeneratedText[][]> {
  const given = inputs.filter((input): input is Input => input !== null);
  const results = (await generate(model, given, { ...startAndEnd(tokenizer), ...options })).values();
  return inputs.map((input) =>
    input === null
      ? []
      : results.next().value!.map((hypothesis) => ({
          ...hypothesis,
          text: tokenizer.decode(hypothesis.ids),
          tokens: tokenizer.tokens(hypothesis.ids),
        })),
  );
}

/** A token as it is generated, and what it adds to the text. */
export interface StreamedToken extends DecodedToken {
  readonly token: string;
  /** The pieces of all tokens, one after another, are the text. Empty for the end token. */
  readonly piece: string;
}

/**
 * Generates from one input and yields each token as soon as it is known, greedily or by sampling. Nothing for an input
 * that is null. Leaving the loop stops the work and frees its memory.
 */
export function streamText<Input>(
  model: GenerativeModel<Input>,
  tokenizer: Tokenizer,
  input: Input | null,
  options: SampleOptions = {},
): AsyncGenerator<StreamedToken, void, undefined> {
  const inputs = input === null ? [] : [input];
  return pieces(tokenizer, decodeTokens(model, inputs, { ...startAndEnd(tokenizer), ...options }));
}

async function* pieces(
  tokenizer: Tokenizer,
  tokens: AsyncIterable<readonly DecodedToken[]>,
): AsyncGenerator<StreamedToken, void, undefined> {
  const ids: number[] = [];
  let decoded = '';
  for await (const [token] of tokens) {
    if (token === undefined) continue;
    ids.push(token.id);
    const text = tokenizer.decode(ids);
    // The first bytes of a character wait for the rest of it, unless nothing more comes.
    const complete = text.startsWith(decoded) && (token.last || !text.endsWith('\ufffd'));
    const piece = complete ? text.slice(decoded.length) : '';
    decoded += piece;
    yield { ...token, token: tokenizer.tokens([token.id])[0]!, piece };
  }
}

/** A model that continues prompts, and the tokenizer it was trained with. */
export interface LanguageModel<Model extends GenerativeModel = GenerativeModel> {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

/** The ids of a prompt: the start token, then the text's own. */
export const encodePrompt = (tokenizer: Tokenizer, text: string): number[] => [
  tokenizer.mark('bos'),
  ...tokenizer.encode(text),
];

/** Continues a text: `await continueText({ model, tokenizer }, 'Once upon a time', { temperature: 0.8 })`; the continuation. */
export async function continueText(
  { model, tokenizer }: LanguageModel,
  prompt: string,
  options: GenerateOptions = {},
): Promise<string> {
  const [[best] = []] = await generateTexts(model, tokenizer, [encodePrompt(tokenizer, prompt)], options);
  return best!.text;
}
