import { byteOf, fromUtf8, tokenBytes, tryUtf8 } from './bytes.ts';
import type { Fields } from './format.ts';
import { prependScheme } from './preTokenizers.ts';
import { readPattern, replace } from './split.ts';

/** Tokens to pieces of text, to be joined by nothing. */
export type Decoder = (tokens: readonly string[]) => string[];

/** Decoders by the type that `tokenizer.json` names. */
const DECODERS: Readonly<Record<string, (step: Fields) => Decoder>> = {
  ByteLevel: () => (tokens) => [fromUtf8(tokens.flatMap(tokenBytes))],
  BPEDecoder: (step) => {
    const suffix = step.string('suffix', '</w>');
    return (tokens) => tokens.map((t, i) => t.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
  },
  WordPiece: (step) => {
    const prefix = step.string('prefix', '##');
    const tidy = step.boolean('cleanup', true) ? cleanUp : (text: string) => text;
    const joined = (t: string): string => (t.startsWith(prefix) ? t.slice(prefix.length) : ` ${t}`);
    return (tokens) => tokens.map((t, i) => tidy(i === 0 ? t : joined(t)));
  },
  Metaspace: (step) => {
    const replacement = step.string('replacement', '▁');
    const prepended = prependScheme(step) !== 'never';
    return (tokens) => tokens.map((t, i) => t.replaceAll(replacement, i === 0 && prepended ? '' : ' '));
  },
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Strip: (step) => {
    const content = step.string('content');
    const start = step.number('start', 0);
    const stop = step.number('stop', 0);
    return (tokens) => tokens.map((t) => strip(t, content, start, stop));
  },
  Replace: (step) => {
    const pattern = readPattern(step);
    const content = step.string('content');
    return (tokens) => tokens.map((t) => replace(t, pattern, content));
  },
  CTC: (step) => {
    const pad = step.string('pad_token', '<pad>');
    const delimiter = step.string('word_delimiter_token', '|');
    const tidy = step.boolean('cleanup', true);
    return (tokens) =>
      tokens
        .filter((t, i) => t !== tokens[i - 1])
        .map((t) => t.replaceAll(pad, ''))
        .map((t) => (tidy ? cleanUp(t).replaceAll(delimiter, ' ') : t))
        .filter((t) => t !== '');
  },
  Sequence: (step) => {
    const steps = step.steps('decoders').map(readDecoder);
    return (tokens) => steps.reduce((t, decode) => decode(t), [...tokens]);
  },
};

/** @throws {FormatError} for a type that is not supported */
export function readDecoder(step: Fields): Decoder {
  if (!Object.hasOwn(DECODERS, step.type)) throw step.unsupported('decoder', Object.keys(DECODERS));
  return DECODERS[step.type]!(step);
}

/** English without the spaces that cutting put before marks and contractions. */
const cleanUp = (text: string): string =>
  text
    .replace(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");

/** Tokens for bytes, in a row, as the text they spell; each is U+FFFD where they spell none. */
function byteFallback(tokens: readonly string[]): string[] {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) result.push(tryUtf8(bytes) ?? '\ufffd'.repeat(bytes.length));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOf(token);
    if (byte === null) {
      flush();
      result.push(token);
    } else bytes.push(byte);
  }
  flush();
  return result;
}

/** Without up to `start` and `stop` of a character at its ends. */
function strip(token: string, content: string, start: number, stop: number): string {
  const characters = Array.from(token);
  let from = 0;
  while (from < start && characters[from] === content) from++;
  let to = characters.length;
  while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
  return characters.slice(from, to).join('');
}
