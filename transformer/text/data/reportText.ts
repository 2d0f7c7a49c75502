/** The words of a data report, in both languages. */

import { type Both, count, inLanguage, type Language, say, tell } from '../../language/language.ts';
import type { BadLines, BadReason, FormatName, ReportFacts, UnknownPiece } from './facts.ts';

/** Unknown pieces told by name. */
const SHOWN_UNKNOWN = 8;

const formats: Record<FormatName, Both<string>> = {
  tsv: say('tab-separated', '制表符分隔'),
  jsonl: say('JSON lines', 'JSON 行'),
  parallel: say('parallel lines', '逐行对应'),
};

const reasons: Record<BadReason, Both<string>> = {
  invalidUtf8: say('not UTF-8 text', '不是 UTF-8 文本'),
  noTab: say('without a tab or with too few columns', '缺少制表符或列数不足'),
  badJson: say('not a JSON object', '不是 JSON 对象'),
  missingKey: say('without the text of both keys', '缺少所需键的文本'),
  emptySide: say('with an empty side', '有一侧为空'),
  tooLong: say('too long', '过长'),
  noPartner: say('without a partner in the shorter file', '在较短的文件中没有对应行'),
};

const table = {
  read: tell(
    (lines: number, names: string, format: string) => `Read ${plural(lines, 'line')} of ${names}${format}: `,
    (lines: number, names: string, format: string) => `读取 ${names}${format}，共 ${count(lines)} 行：`,
  ),
  format: tell(
    (format: string) => ` (${format})`,
    (format: string) => `（${format}）`,
  ),
  kept: tell(
    (kept: number) => `kept ${plural(kept, 'pair')}`,
    (kept: number) => `保留 ${count(kept)} 个句对`,
  ),
  skipped: tell(
    (skipped: number) => `, passed over ${plural(skipped, 'line')} (empty, or column names)`,
    (skipped: number) => `，略过 ${count(skipped)} 行（空行或列名）`,
  ),
  noneBad: say('; no bad lines.', '；没有坏行。'),
  bad: tell(
    (bad: number, each: readonly string[]) => `, left out ${plural(bad, 'bad line')}: ${each.join('; ')}.`,
    (bad: number, each: readonly string[]) => `，舍弃 ${count(bad)} 个坏行：${each.join('；')}。`,
  ),
  reason: tell(
    (reason: string, n: number, lines: string, more: boolean) =>
      `${count(n)} ${reason} (${n === 1 ? 'line' : 'lines'} ${lines}${more ? ', …' : ''})`,
    (reason: string, n: number, lines: string, more: boolean) =>
      `${count(n)} 行${reason}（第 ${lines}${more ? '……' : ''} 行）`,
  ),
  lengths: tell(
    (a: string, n: number, b: string, m: number) =>
      ` ${a} has ${plural(n, 'line')} but ${b} has ${count(m)}: check that their lines belong together.`,
    (a: string, n: number, b: string, m: number) =>
      `${a} 有 ${count(n)} 行，而 ${b} 有 ${count(m)} 行：请检查两个文件的行是否对应。`,
  ),
  unknown: tell(
    (total: number, pieces: string) =>
      ` ${plural(total, 'piece')} of text not in the vocabulary became <unk>: ${pieces}.`,
    (total: number, pieces: string) => `${count(total)} 处文本不在词表中，已变为 <unk>：${pieces}。`,
  ),
  others: tell(
    (others: number) => ` and ${plural(others, 'other')}`,
    (others: number) => `，以及其他 ${count(others)} 种`,
  ),
  onLines: tell(
    (lines: readonly number[]) => `; ${lines.length === 1 ? 'line' : 'lines'} ${lines.map(count).join(', ')}`,
    (lines: readonly number[]) => `；第 ${lines.map(count).join('、')} 行`,
  ),
  comma: say(', ', '、'),
};

const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

/** One paragraph: what was read, what was kept, what was wrong and on which lines. */
export function reportText(report: ReportFacts, language: Language): string {
  const words = inLanguage(table, language);
  const { names, format, lines, kept, skipped, lengths } = report;
  let text = words.read(lines, names.join(' + '), format === null ? '' : words.format(formats[format][language]));
  text += words.kept(kept);
  if (skipped > 0) text += words.skipped(skipped);
  const bad = Object.entries(report.bad) as [BadReason, BadLines][];
  const each = bad.map(([reason, { count: n, lines: first }]) =>
    words.reason(reasons[reason][language], n, first.map(count).join(words.comma), n > first.length),
  );
  text += bad.length === 0 ? words.noneBad : words.bad(report.badTotal, each);
  if (lengths !== null) text += words.lengths(names[0] ?? '', lengths[0], names[1] ?? '', lengths[1]);
  if (report.unknownTotal > 0) text += words.unknown(report.unknownTotal, unknownText(report, language));
  return text;
}

/** The most frequent unknown pieces, and how many others there are: `囧 (2; line 9), U+200B (1) and 3 others`. */
export function unknownText({ unknown }: Pick<ReportFacts, 'unknown'>, language: Language): string {
  const words = inLanguage(table, language);
  const shown = unknown.slice(0, SHOWN_UNKNOWN).map((piece) => showPiece(piece, words.onLines));
  const others = unknown.length - shown.length;
  return shown.join(words.comma) + (others > 0 ? words.others(others) : '');
}

/** `𠮷 (2; lines 3, 9)`; by its code point what cannot be seen. */
function showPiece({ piece, count: n, lines }: UnknownPiece, onLines: (lines: readonly number[]) => string): string {
  const seen = /^[\s\p{C}\p{M}]+$/u.test(piece) ? codePoints(piece) : piece;
  return `${seen} (${count(n)}${lines.length > 0 ? onLines(lines) : ''})`;
}

const codePoints = (piece: string): string =>
  Array.from(piece, (c) => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`).join(' ');
