import { count, percent } from '../../language/language.ts';
import type { Sample, TestScores } from '../../report/run.ts';
import { spread } from '../../text/data/index.ts';
import { TRANSLATION } from '../../training/presets.ts';
import type { Task } from '../../training/tasks/index.ts';
import { type AttentionData, chosenWeights, readBefore } from '../../view/attentionTable.ts';
import type { Context } from '../context.ts';
import type { Messages } from '../messages/index.ts';
import { drawHeatMap, drawLegend } from './heatmap.ts';
import { alignRows, bold, type Colours, coloursOf, columnsOf, dim, green, pad, red, widthOf } from './terminal.ts';

const SHOWN_RIGHT = 4;
const SHOWN_WRONG = 4;

/** What the command line prints about results goes to standard output. */
const print = (text = ''): void => void process.stdout.write(`${text}\n`);
const colours = (): Colours => coloursOf(process.stdout);

/** Names and values in two columns. */
export function printFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  for (const [name, value] of facts) print(`  ${dim(pad(name, width), colours())}  ${value}`);
}

export const printLine = (text: string): void => print(text);
export const printTitle = (text: string): void => print(`\n${bold(text, colours())}`);

/** How the unseen sentences came out. */
export function printScores({ right, total, bleu, chrf }: TestScores, { say }: Context, task: Task): void {
  const match = task === TRANSLATION ? say.exactMatch : say.exactMatchOfInputs;
  print(match(percent(right / total), count(right), count(total)));
  if (task.isText) print(`BLEU ${bleu.score.toFixed(1)}  chrF2 ${chrf.score.toFixed(1)}`);
}

/** How inputs came out that are longer than any in training. */
export function printLonger(samples: readonly Sample[], { say }: Context, { longer }: Task): void {
  if (longer === null) return;
  const right = samples.filter((s) => s.right).length;
  const share = percent(right / samples.length);
  print(say.longerMatch(...longer.lengths, share, count(right), count(samples.length)));
}

/** A translation may be empty; a dash says that it is. */
const shown = (output: string): string => output || '–';

const besideExpected = ({ source, output, references }: Sample, many: boolean, say: Messages): string[] => [
  source,
  shown(output),
  `${many ? say.reference : say.expected} ${references[0]}`,
];

/** A few samples right and a few wrong, from all over the test set; with `many` answers no word is said of wrong. */
export function printSamples(samples: readonly Sample[], many: boolean, { say }: Context): void {
  const right = spread(
    samples.filter((s) => s.right),
    SHOWN_RIGHT,
  );
  const wrong = spread(
    samples.filter((s) => !s.right),
    SHOWN_WRONG,
  );
  if (right.length > 0) {
    printTitle(many ? say.someSame : say.someRight);
    for (const row of alignRows(right.map((s) => [s.source, s.output]))) print(`  ${row}`);
  }
  if (wrong.length > 0) {
    printTitle(many ? say.someOther : say.someWrong);
    for (const row of alignRows(wrong.map((s) => besideExpected(s, many, say)))) print(`  ${row}`);
  }
}

/** The sentences to show, each with its translation beside the one expected. */
export function printShowcase(samples: readonly Sample[], many: boolean, { say }: Context): void {
  if (samples.length === 0) return;
  printTitle(say.showcase);
  const rows = alignRows(samples.map((s) => besideExpected(s, many, say)));
  const [yes, no] = many ? [say.same, say.other] : [say.right, say.wrong];
  const width = Math.max(widthOf(yes), widthOf(no));
  const marks = [green(pad(yes, width), colours()), (many ? dim : red)(pad(no, width), colours())] as const;
  for (const [i, row] of rows.entries()) print(`  ${samples[i]!.right ? marks[0] : marks[1]}  ${row}`);
}

/** The cross-attention of the last layer as a heat map, the mean over its heads. */
export function printAttention(sample: AttentionData, { say }: Context, task: Task): void {
  const layer = sample.attention.length - 1;
  if (layer < 0) return;
  const title = task === TRANSLATION ? say.attentionTitle : say.attentionTitleOfInput;
  printTitle(title(sample.source, layer + 1));
  const rows = sample.tokens.map((token, r) => `${readBefore(sample, r)} → ${token}`);
  const values = chosenWeights(sample, { layer, head: null });
  const options = { colours: colours(), width: columnsOf(process.stdout) - 2, corner: say.readsPredicts };
  print();
  for (const line of drawHeatMap({ rows, columns: sample.sourceTokens, values }, options)) print(`  ${line}`);
  print(`\n  ${drawLegend(colours())}`);
}
