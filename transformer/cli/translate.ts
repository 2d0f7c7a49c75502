import { type CrossAttention, translationAttention } from '../interpret/crossAttention.ts';
import { type ScoredTranslation, type Translator, translateSources, translateStream } from '../model/translate.ts';
import { newestRun, openRun } from '../training/runs/folder.ts';
import type { Task } from '../training/tasks/index.ts';
import type { Context } from './context.ts';
import { openChosen } from './device/choose.ts';
import { EXIT, UsageError } from './errors.ts';
import { type Decoding, type DecodingFlags, decodingOf } from './options/decoding.ts';
import type { DeviceFlags } from './options/shared.ts';
import { printAttention } from './terminal/show.ts';
import { onOneLine } from './terminal/terminal.ts';

/** Sentences translated together. */
const TOGETHER = 32;

/** What `heddle translate` takes. */
export interface TranslateFlags extends DeviceFlags, DecodingFlags {
  readonly model?: string;
  readonly nBest?: number;
  readonly json?: boolean;
  readonly attention?: boolean;
  readonly stream?: boolean;
}

/** A sentence and its translations, the best first. */
interface Translated {
  readonly source: string;
  readonly translations: readonly (ScoredTranslation & { readonly attention?: CrossAttention })[];
}

/** Writes what is asked for of some lines of text. */
type Write = (texts: readonly string[]) => Promise<void>;

/** `heddle translate`: the sentences given, or standard input, one translation a line. */
export async function translateLines(
  texts: readonly string[],
  flags: TranslateFlags,
  context: Context,
): Promise<number> {
  const { say } = context;
  if (flags.model === undefined) throw new UsageError(say.needModel(await newestRun()));
  const decoding = decodingOf(flags, context, flags.nBest);
  checkTogether(flags, context);
  const run = await openRun(flags.model);
  const { task } = run;
  const device = await openChosen(flags, context);
  const translator = await run.load();
  const write = flags.stream ? streaming(translator, decoding) : printing(translator, decoding, flags, task, context);
  const written = async (lines: readonly string[]): Promise<void> => {
    for (let i = 0; i < lines.length; i += TOGETHER) {
      const batch = lines.slice(i, i + TOGETHER).map((line) => task.input(line));
      reportUnknown(batch, translator, context);
      await write(batch);
    }
  };
  if (texts.length > 0) {
    await written(texts);
  } else {
    if (process.stdin.isTTY) console.error(say.typeHere);
    for await (const lines of standardInput()) await written(lines);
  }
  device.destroy();
  return EXIT.ok;
}

/** What is written at once can neither be ranked nor looked into. */
function checkTogether(flags: TranslateFlags, { say }: Context): void {
  if (!flags.stream) return;
  const other = (['beam', 'nBest', 'json', 'attention'] as const).find((name) => flags[name] !== undefined);
  if (other !== undefined) throw new UsageError(say.oneOf('--stream', other === 'nBest' ? '--n-best' : `--${other}`));
}

function reportUnknown(texts: readonly string[], { source }: Translator, { say }: Context): void {
  const pieces = new Set(texts.flatMap((text) => source.unknown(text)));
  if (pieces.size > 0) console.error(`heddle: ${say.unknownPieces([...pieces].join(' '))}`);
}

/** Each sentence by itself, token by token. */
const streaming =
  (translator: Translator, { options }: Decoding): Write =>
  async (texts) => {
    for (const text of texts) {
      for await (const { piece } of translateStream(translator, text, options)) process.stdout.write(onOneLine(piece));
      process.stdout.write('\n');
    }
  };

const printing =
  (translator: Translator, { options }: Decoding, flags: TranslateFlags, task: Task, context: Context): Write =>
  async (texts) => {
    for (const [i, translated] of (await translateSources(translator, texts, options)).entries()) {
      // one sentence at a time: the maps of many are large
      const maps =
        flags.attention && translated.texts.length > 0 ? await translationAttention(translator, translated) : [];
      const translations = translated.translations.map((translation, k) => {
        const attention = maps[k];
        return { ...translation, ...(attention && { attention }) };
      });
      // an empty line stays one, so that input and output go line by line together
      print({ source: texts[i]!, translations }, flags, task, context);
    }
  };

function print(
  { source, translations }: Translated,
  { nBest, json }: TranslateFlags,
  task: Task,
  context: Context,
): void {
  if (json) {
    const [first] = translations;
    const listed = translations.map(({ sourceTokens: _, ...rest }) => rest);
    process.stdout.write(`${JSON.stringify({ source, sourceTokens: first!.sourceTokens, translations: listed })}\n`);
    return;
  }
  for (const [k, { text, score, attention, sourceTokens, tokens, logProbabilities }] of translations.entries()) {
    const line = onOneLine(text);
    process.stdout.write(nBest === undefined ? `${line}\n` : `${k + 1}\t${score.toFixed(4)}\t${line}\n`);
    if (attention === undefined) continue;
    const probabilities = logProbabilities.map(Math.exp);
    printAttention({ source, sourceTokens, tokens, attention, probabilities }, context, task);
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
