import { type Translator, translateBatch } from '../decode.ts';
import type { Context } from './context.ts';
import { openChosen } from './device.ts';
import { EXIT, UsageError } from './errors.ts';
import type { DeviceFlags } from './options.ts';
import { newestRun, openRun } from './runFolder.ts';

/** Sentences translated together. */
const TOGETHER = 32;

export interface TranslateFlags extends DeviceFlags {
  readonly model?: string;
}

/** `heddle translate`: the sentences given, or standard input, one translation a line. */
export async function translateLines(
  texts: readonly string[],
  flags: TranslateFlags,
  context: Context,
): Promise<number> {
  const { say } = context;
  if (flags.model === undefined) throw new UsageError(say.needModel(await newestRun()));
  const run = await openRun(flags.model, context);
  const device = await openChosen(flags, context);
  const translator = await run.load();
  if (texts.length > 0) {
    await translateAll(texts, translator, context);
  } else {
    if (process.stdin.isTTY) console.error(say.typeHere);
    for await (const lines of standardInput()) await translateAll(lines, translator, context);
  }
  device.destroy();
  return EXIT.ok;
}

async function translateAll(texts: readonly string[], translator: Translator, { say }: Context): Promise<void> {
  for (let i = 0; i < texts.length; i += TOGETHER) {
    const batch = texts.slice(i, i + TOGETHER);
    const strangers = [...new Set(batch.flatMap((text) => translator.source.unknown(text)))];
    if (strangers.length > 0) console.error(`heddle: ${say.unknownWords(strangers.join(' '))}`);
    // An empty line stays one, so that input and output go line by line together.
    const spoken = batch.filter((text) => text.trim() !== '');
    const translations = (await translateBatch(translator, spoken)).values();
    for (const text of batch) {
      process.stdout.write(`${text.trim() === '' ? '' : (translations.next().value?.text ?? '')}\n`);
    }
  }
}

/** Standard input, in as many whole lines as have come: a pipe is not kept waiting for its next line. */
async function* standardInput(): AsyncGenerator<string[]> {
  let rest = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    const lines = (rest + String(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}
