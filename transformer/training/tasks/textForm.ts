/** Text in, text out: the forms of JSON in which a user's own pairs come, and the texts a model reads and writes. */

import { FormatError } from '../../../engine/index.ts';
import type { Pair } from '../../text/data/batches.ts';

/** What is asked for, in a message. */
export const TEXT_FORMS =
  '{"source", "target"}, {"document", "summary"} or {"question", "context", "answer"}, each of them a text';

/** A text under a key, without spaces at its ends; null where there is none. */
function textAt(value: object, key: string): string | null {
  const found: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null;
  return typeof found === 'string' && found.trim() !== '' ? found.trim() : null;
}

/**
 * What the model reads for an object. The task stands before the text, so that one model learns several:
 * `summarize: …` and `question: … context: …`, as T5 has it (Raffel et al. 2020, appendix D). A source stands as it is.
 * Null where the object has neither a source, nor a document, nor a question.
 */
export function textSource(value: object): string | null {
  const [source, document, question] = ['source', 'document', 'question'].map((key) => textAt(value, key));
  if (source) return source;
  if (document) return `summarize: ${document}`;
  if (!question) return null;
  const context = textAt(value, 'context');
  return context === null ? `question: ${question}` : `question: ${question} context: ${context}`;
}

/** What the model is to write for an object, under the key that belongs to its source. */
function textTarget(value: object): string | null {
  if (textAt(value, 'source') !== null) return textAt(value, 'target');
  return textAt(value, 'document') !== null ? textAt(value, 'summary') : textAt(value, 'answer');
}

/** The pair of an object; null where one side is missing. */
export function textPair(value: object): Pair | null {
  const [source, target] = [textSource(value), textTarget(value)];
  return source === null || target === null ? null : { source, target };
}

/**
 * What the model reads for a line as a user types it: an object of JSON without its answer, or the text itself.
 *
 * @throws {FormatError} for JSON that is no such object
 */
export function textInput(typed: string): string {
  if (!/^\s*\{/.test(typed)) return typed;
  let value: unknown;
  try {
    value = JSON.parse(typed);
  } catch {
    throw new FormatError(
      `text: ${shortened(typed)} is no whole JSON object. Expected one on each line, or plain text.`,
    );
  }
  const source = textSource(value as object);
  if (source === null) {
    throw new FormatError(
      `text: ${shortened(typed)} has nothing to read. Expected a source, a document or a question.`,
    );
  }
  return source;
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

/**
 * Whether two answers say the same: case, punctuation, the articles a, an, the, and spaces do not count. Source: SQuAD's
 * exact match (Rajpurkar et al. 2016, section 6.1).
 */
export const sameAnswer = (output: string, expected: string): boolean => plainAnswer(output) === plainAnswer(expected);

function plainAnswer(text: string): string {
  const letters = text.normalize('NFC').toLowerCase().replace(/\p{P}/gu, '');
  return letters
    .replace(/\b(a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
