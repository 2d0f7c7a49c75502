import { join } from 'node:path';
import type { Device } from '../../engine/index.ts';
import { version } from '../../package.json';
import { count, duration, percent } from '../language/language.ts';
import { type Translator, translateMany } from '../model/translate.ts';
import { DataReport, groupReferences, loadPairs, openFile, type ReferencedSentence } from '../text/data/index.ts';
import type { BleuTokenizer } from '../text/metrics/index.ts';
import { TRANSLATION } from '../training/presets.ts';
import { checkWritable, replaceFile } from '../training/runs/files.ts';
import { newestRun, openRun, type RunFolder } from '../training/runs/folder.ts';
import type { Task } from '../training/tasks/index.ts';
import type { Context } from './context.ts';
import { loadDataset } from './data/dataset.ts';
import { reportUnknown, type UnknownText } from './data/unknown.ts';
import { openChosen } from './device/choose.ts';
import { EXIT, UsageError } from './errors.ts';
import { type Decoding, type DecodingFlags, decodingOf, describeDecoding } from './options/decoding.ts';
import type { DeviceFlags } from './options/shared.ts';
import { type Scores, scoreAll } from './scores.ts';
import { Interrupt } from './terminal/interrupt.ts';
import { Progress, progressOptions, writeAside } from './terminal/progress.ts';
import { printFacts } from './terminal/show.ts';
import { onOneLine } from './terminal/terminal.ts';

/** What `heddle evaluate` takes. */
export interface EvaluateFlags extends DeviceFlags, DecodingFlags {
  readonly model?: string;
  readonly data?: readonly string[];
  readonly test?: boolean;
  readonly output?: string;
  readonly json?: boolean;
  readonly limit?: number;
  readonly batch?: number;
  readonly bleuTokenize?: BleuTokenizer;
  readonly lowerCase?: boolean;
}

/** What is translated, and where it came from. */
interface Material {
  readonly name: string;
  readonly files: readonly string[] | null;
  readonly sentences: readonly ReferencedSentence[];
  readonly report: DataReport | null;
}

/** Translations in the order of the sentences, and what they cost. */
interface Translated {
  readonly hypotheses: readonly string[];
  /** Tokens written, end marks with them. */
  readonly tokens: number;
  readonly seconds: number;
}

interface Result {
  readonly run: RunFolder;
  readonly device: Device;
  readonly material: Material;
  readonly decoding: Decoding;
  readonly translated: Translated;
  readonly scores: Scores;
  readonly output: string;
  readonly unknown: UnknownText;
}

/** `heddle evaluate`: translates, scores, and writes the translations down. Gives the exit code. */
export async function evaluate(flags: EvaluateFlags, context: Context): Promise<number> {
  const { say } = context;
  if (flags.model === undefined) throw new UsageError(say.needModel(await newestRun()));
  if (flags.data !== undefined && flags.test) throw new UsageError(say.oneOf('--data', '--test'));
  const decoding = decodingOf(flags, context);
  const run = await openRun(flags.model);
  const output = flags.output ?? join(run.path, 'hypotheses.txt');
  await checkWritable(output);
  const material = await readMaterial(flags, run, context);
  const device = await openChosen(flags, context);
  const translator = await run.load();
  const { sentences, report } = material;
  if (report !== null && report.badTotal > 0) console.error(`heddle: ${report.text(context.language)}`);
  const unknown = reportUnknown(sentences, translator, context, report ?? new DataReport());
  const translated = await translateMaterial(material, translator, decoding, flags.batch, context);
  if (translated === null) {
    device.destroy();
    return EXIT.interrupted;
  }
  const { hypotheses } = translated;
  const scores = scoreAll(
    hypotheses,
    sentences.map((s) => s.references),
    { tokenize: flags.bleuTokenize, lowercase: flags.lowerCase, isRight: run.task.isRight },
  );
  await replaceFile(output, hypotheses.map((line) => `${line}\n`).join(''));
  const result: Result = { run, device, material, decoding, translated, scores, output, unknown };
  if (flags.json) process.stdout.write(`${JSON.stringify(resultObject(result))}\n`);
  else printResult(result, context);
  device.destroy();
  return EXIT.ok;
}

/** The sentences of the files, or those that the run set aside. */
async function readMaterial({ data, test, limit }: EvaluateFlags, run: RunFolder, context: Context): Promise<Material> {
  const { say } = context;
  if (data === undefined && !test) throw new UsageError(say.needData);
  const material = data === undefined ? await setAsideBy(run, context) : await fromFiles(data, run.task);
  if (material.sentences.length === 0) throw new UsageError(say.noneAside(run.path));
  return { ...material, sentences: material.sentences.slice(0, limit) };
}

async function setAsideBy({ settings, task, path }: RunFolder, context: Context): Promise<Material> {
  const { say } = context;
  if (settings === null) throw new UsageError(say.noneAside(path));
  const { files, test: sentences, report } = await loadDataset(task, settings.data, settings.seed, context);
  const made = task === TRANSLATION ? say.testOfBuiltIn : say.testOfTask(task.name);
  return { name: files === null ? made : say.testOf(files.join(' + ')), files, sentences, report };
}

async function fromFiles(files: readonly string[], task: Task): Promise<Material> {
  const { pairs, report } = await loadPairs(files.map(openFile), task.files ?? {});
  return { name: files.join(' + '), files, sentences: groupReferences(pairs), report };
}

/** Translates all of it, with progress; null when somebody asked to stop. */
async function translateMaterial(
  { sentences }: Material,
  translator: Translator,
  { options }: Decoding,
  together: number | undefined,
  context: Context,
): Promise<Translated | null> {
  const { say } = context;
  using interrupt = new Interrupt(() => writeAside(process.stderr, `heddle: ${say.stoppingBatch}`));
  const progress = new Progress(say.evaluating, sentences.length, 0, progressOptions(context));
  const hypotheses = new Array<string>(sentences.length).fill('');
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let done = 0;
  let tokens = 0;
  try {
    const sources = sentences.map(({ source }) => source);
    for await (const batch of translateMany(translator, sources, { ...options, ...(together && { together }) })) {
      for (const { place, translation } of batch) {
        hypotheses[place] = onOneLine(translation.text);
        tokens += translation.tokens.length;
      }
      done += batch.length;
      progress.update(done, `${count(Math.round(tokens / seconds()))} ${say.tokensPerSecond}`);
      if ((await interrupt.requested()) && done < sentences.length) break;
    }
  } finally {
    progress.stop();
  }
  if (done === sentences.length) return { hypotheses, tokens, seconds: seconds() };
  console.error(`heddle: ${say.stoppedEvaluating(count(done), count(sentences.length))}`);
  return null;
}

const unknownIn = ({ unknownTotal, unknown }: DataReport): object => ({ total: unknownTotal, pieces: unknown });

/** The object that --json prints. */
function resultObject({ run, device, material, decoding, translated, scores, output, unknown }: Result): object {
  const { name, files, sentences } = material;
  const { tokens, seconds } = translated;
  const references = sentences.reduce((n, s) => n + s.references.length, 0);
  const { bleu, chrf, chrfPlusPlus, exactMatch } = scores;
  return {
    heddle: version,
    model: run.path,
    step: run.step,
    device: device.description,
    data: name,
    files,
    sentences: sentences.length,
    references,
    decoding: decoding.settings,
    scores: { bleu, chrf, 'chrf++': chrfPlusPlus, exactMatch },
    tokens,
    seconds: Number(seconds.toFixed(3)),
    tokensPerSecond: Number((tokens / seconds).toFixed(1)),
    hypotheses: output,
    report: material.report,
    unreadable: unknownIn(unknown.read),
    unwritable: unknownIn(unknown.unwritable),
  };
}

function printResult({ run, device, material, decoding, translated, scores, output }: Result, context: Context): void {
  const { say, language } = context;
  const { bleu, chrf, chrfPlusPlus, exactMatch } = scores;
  const { sentences } = material;
  const references = sentences.reduce((n, s) => n + s.references.length, 0);
  const { tokens, seconds } = translated;
  const shares = bleu.precisions.map((p) => p.toFixed(1)).join('/');
  const detail = `${shares}, ${say.brevityPenalty(bleu.brevityPenalty.toFixed(3))}`;
  printFacts([
    [say.run, run.path],
    [say.device, device.description],
    [say.data, say.evaluationData(material.name, count(sentences.length), count(references))],
    [say.decodingName, describeDecoding(decoding.settings, context)],
    ['BLEU', `${bleu.score.toFixed(2)}  (${detail})`],
    ['', bleu.signature],
    ['chrF2', chrf.score.toFixed(2)],
    ['', chrf.signature],
    ['chrF2++', chrfPlusPlus.score.toFixed(2)],
    ['', chrfPlusPlus.signature],
    [say.matchName, `${percent(exactMatch.score / 100)} (${count(exactMatch.right)} / ${count(sentences.length)})`],
    [
      say.speedName,
      say.speedLine(
        count(sentences.length),
        count(tokens),
        seconds < 10 ? say.fewSeconds(seconds.toFixed(1)) : duration(seconds)[language],
        count(Math.round(tokens / seconds)),
      ),
    ],
    [say.hypothesesName, output],
  ]);
}
