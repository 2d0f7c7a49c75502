import type { Translator } from '../../model/translate.ts';
import { DataReport, type ReferencedSentence } from '../../text/data/index.ts';
import type { Context } from '../context.ts';

/** What the vocabularies of a model do not hold. */
export interface UnknownText {
  /** In the sources: read as `<unk>`. */
  readonly read: DataReport;
  /** In the references: no translation can have it. */
  readonly unwritable: DataReport;
}

/** Counts the text of sentences that a model does not know, with the lines it stands on, and says so on standard error. */
export function reportUnknown(
  sentences: readonly ReferencedSentence[],
  { source, target }: Pick<Translator, 'source' | 'target'>,
  { say, language }: Context,
  read = new DataReport(),
): UnknownText {
  const unwritable = new DataReport();
  for (const { source: text, references, lines } of sentences) {
    read.addUnknown(source.unknown(text), lines?.[0]);
    for (const [i, reference] of references.entries()) unwritable.addUnknown(target.unknown(reference), lines?.[i]);
  }
  if (read.unknownTotal > 0) {
    console.error(`heddle: ${say.unreadable(read.unknownTotal, read.unknownText(language))}`);
  }
  if (unwritable.unknownTotal > 0) {
    console.error(`heddle: ${say.unwritable(unwritable.unknownTotal, unwritable.unknownText(language))}`);
  }
  return { read, unwritable };
}
