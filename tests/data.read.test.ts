import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { findKeys } from '../transformer/text/data/formats.ts';
import { loadPairs, openFile, type PairFiles, type ReadOptions, textSource } from '../transformer/text/data/index.ts';
import { readLineBlocks } from '../transformer/text/data/lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with this content, as a source. */
function file(name: string, content: string | Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return openFile(path);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((p) => (typeof p === 'string' ? [...utf8(p)] : p)));

/** Pairs without line numbers, and the report. */
async function read(files: PairFiles, options: ReadOptions = {}) {
  const { pairs, report } = await loadPairs(files, options);
  return { pairs: pairs.map(({ source, target }) => [source, target]), numbers: pairs.map((p) => p.line), report };
}

/** All lines; `!` and the fault for one that has no text. */
async function lines(parts: Iterable<Uint8Array>, maxBytes?: number): Promise<string[]> {
  const all: string[] = [];
  const source = async function* () {
    yield* parts;
  };
  for await (const block of readLineBlocks(source(), maxBytes)) {
    expect(block.first).toBe(all.length + 1);
    all.push(...block.lines.map((l) => (typeof l === 'string' ? l : `!${l.fault}`)));
  }
  return all;
}

describe('lines', () => {
  it('end with LF or CRLF, the last with either or nothing; a byte order mark is dropped', async () => {
    expect(await lines([utf8('\ufeffa\r\nb\n\n\ufeffc\rd\n')])).toEqual(['a', 'b', '', '\ufeffc\rd']);
    expect(await lines([utf8('a\nb')])).toEqual(['a', 'b']);
    expect(await lines([utf8('a\nb\r')])).toEqual(['a', 'b']);
    expect(await lines([utf8('\n')])).toEqual(['']);
    expect(await lines([])).toEqual([]);
    expect(await lines([new Uint8Array(0)])).toEqual([]);
  });

  it('that are no UTF-8 are one line each: overlong, surrogate, cut off, alone, NUL', async () => {
    const wrong = [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe7, 0x8c], [0x80], [0xff, 0xfe], [0xf5, 0x80, 0x80, 0x80], [0]];
    const content = bytes(...wrong.flatMap((w) => ['ok 猫\n', 'x', w, '\n']), 'end');
    expect(await lines([content])).toEqual([...wrong.flatMap(() => ['ok 猫', '!invalidUtf8']), 'end']);
  });

  it('do not depend on how the bytes came in pieces', async () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', '\t', 'a', '猫', '𠮷', 'é', '\ufeff').map((t) => [...utf8(t)]),
      fc.constantFrom([0xff], [0xe7], [0x80], [0]),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        async (pieces, cuts, most) => {
          const whole = Uint8Array.from(pieces.flat());
          const at = [...new Set([0, ...cuts.filter((c) => c < whole.length), whole.length])].sort((a, b) => a - b);
          const parts = at.slice(1).map((end, i) => whole.slice(at[i]!, end));
          const expected = whole.length === 0 ? [] : wholeLines(whole, most);
          expect(await lines(parts, most)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  /** Line by line, straight from the rule. */
  function wholeLines(whole: Uint8Array, most: number): string[] {
    const found: string[] = [];
    let at = 0;
    while (at < whole.length) {
      const lf = whole.indexOf(10, at);
      const line = whole.slice(at, lf < 0 ? whole.length : lf);
      at = lf < 0 ? whole.length : lf + 1;
      let text: string | null = null;
      try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
      } catch {}
      if (line.length > most) text = '!tooLong';
      else if (text === null || text.includes('\0')) text = '!invalidUtf8';
      else if (text.endsWith('\r')) text = text.slice(0, -1);
      found.push(found.length === 0 && text.startsWith('\ufeff') ? text.slice(1) : text);
    }
    return found;
  }
});

describe('tab-separated files', () => {
  it('may have further columns, CRLF, a byte order mark, empty lines, and be gzipped under any name', async () => {
    const text = '\ufeffA cat.\t一只猫。\tCC-BY 2.0\r\n\r\n Two cats. \t两只猫。\nNo end\t没有结尾';
    for (const source of [file('a.tsv', text), file('a.tsv.gz', gzipSync(text)), file('packed.txt', gzipSync(text))]) {
      const { pairs, numbers, report } = await read(source);
      expect(pairs).toEqual([
        ['A cat.', '一只猫。'],
        ['Two cats.', '两只猫。'],
        ['No end', '没有结尾'],
      ]);
      expect(numbers).toEqual([1, 3, 4]);
      expect(report).toMatchObject({ format: 'tsv', lines: 4, kept: 3, skipped: 1, badTotal: 0 });
    }
  });

  it('count bad lines by reason with their numbers, and go on', async () => {
    const content = bytes(
      'a\tb\nno tab\n\tempty\nempty\t \n',
      [0xff],
      '\tx\n',
      `${'y'.repeat(1001)}\ty\n`,
      'c\td\nnone\n',
    );
    const { pairs, report } = await read(file('bad.tsv', content));
    expect(pairs).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(report.bad).toEqual({
      invalidUtf8: { count: 1, lines: [5] },
      noTab: { count: 2, lines: [2, 8] },
      emptySide: { count: 2, lines: [3, 4] },
      tooLong: { count: 1, lines: [6] },
    });
    expect(report.lines).toBe(report.kept + report.skipped + report.badTotal);
  });

  it('give the columns asked for by number or by name', async () => {
    const text = 'id\tzh\ten\n1\t猫\tcat\n2\t狗\n';
    const named = await read(textSource('t.tsv', text), { columns: ['en', 'zh'] });
    expect(named.pairs).toEqual([['cat', '猫']]);
    expect(named.report).toMatchObject({ lines: 3, kept: 1, skipped: 1, bad: { noTab: { count: 1, lines: [3] } } });
    expect((await read(textSource('t.tsv', text), { columns: [2, 1] })).pairs).toEqual([
      ['en', 'zh'],
      ['cat', '猫'],
    ]);
    await expect(read(textSource('t.tsv', text), { columns: ['de', 1] })).rejects.toThrow(/no column 'de'.*'en'/);
    await expect(read(textSource('t.tsv', text), { columns: [-1, 1] })).rejects.toThrow('column -1');
  });

  it('pass over lines longer than memory should hold', async () => {
    const content = utf8(`a\tb\n${'x'.repeat(5000)}\ty\nc\td\n`);
    const { pairs, report } = await read(textSource('long.tsv', content), { maxLineBytes: 100 });
    expect(pairs.length).toBe(2);
    expect(report.bad).toEqual({ tooLong: { count: 1, lines: [2] } });
  });
});

describe('JSON lines', () => {
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

  it('find their keys in the first object, or take those given', async () => {
    for (const object of [
      { source: 'cat', target: '猫', id: 1 },
      { tgt: '猫', src: 'cat' },
      { zh: '猫', en: 'cat' },
      { id: 7, translation: { zh: '猫', en: 'cat' } },
      { translation: { fr: 'cat', de: '猫' } },
      { 'en-GB': 'cat', zh_CN: '猫', Note: 'x' },
    ]) {
      const { pairs, report } = await read(textSource('x.jsonl', line(object)));
      expect(pairs).toEqual([['cat', '猫']]);
      expect(report.format).toBe('jsonl');
    }
    const { pairs } = await read(textSource('x', line({ a: { 'b.c': 0, b: { c: 'cat' } }, 'd.e': '猫' })), {
      keys: ['a.b.c', 'd.e'],
    });
    expect(pairs).toEqual([['cat', '猫']]);
    expect(findKeys({ en: 'a', zh: 'b', de: 'c', fr: 'd' })).toEqual(['en', 'zh']);
    expect(findKeys({ fr: 'a', it: 'b', de: 'c' })).toBeNull();
  });

  it('count what is no object, lacks a key, or writes half a character', async () => {
    const text = `${line({ source: 'a', target: 'b' })}{"source":\n[1]\n\n${line({ source: 'a' })}${line({
      source: 1,
      target: 'b',
    })}{"source":"\\ud800","target":"b"}\n{"source":"\\u732b","target":"c"}\n${line({ source: '', target: 'b' })}`;
    const { pairs, report } = await read(file('x.ndjson.gz', gzipSync(text)));
    expect(pairs).toEqual([
      ['a', 'b'],
      ['猫', 'c'],
    ]);
    expect(report.bad).toEqual({
      invalidUtf8: { count: 1, lines: [7] },
      badJson: { count: 2, lines: [2, 3] },
      missingKey: { count: 2, lines: [5, 6] },
      emptySide: { count: 1, lines: [9] },
    });
  });

  it('are told from tabs by the first line where the name does not tell', async () => {
    expect((await read(textSource('stdin', '\n {"src":"a","tgt":"b"}'))).report.format).toBe('jsonl');
    expect((await read(textSource('stdin', '\na\tb'))).report.format).toBe('tsv');
    expect((await read(textSource('x.jsonl', '{"src":"a"}\tb'), { format: 'tsv' })).pairs).toEqual([
      ['{"src":"a"}', 'b'],
    ]);
  });
});

describe('parallel files', () => {
  it('belong together line by line, gzipped or not', async () => {
    const en = file('x.en.gz', gzipSync('a dog\r\n\r\na house\r\nalone\r\n'));
    const de = file('x.de', 'ein Hund\n\nein Haus\n\n');
    const { pairs, numbers, report } = await read([en, de]);
    expect(pairs).toEqual([
      ['a dog', 'ein Hund'],
      ['a house', 'ein Haus'],
    ]);
    expect(numbers).toEqual([1, 3]);
    expect(report).toMatchObject({ format: 'parallel', lines: 4, skipped: 1, lengths: null });
    expect(report.bad).toEqual({ emptySide: { count: 1, lines: [4] } });
  });

  it('of different length are paired as far as they go, and the report says so', async () => {
    const [short, long] = [textSource('s.en', 'a\nb\n'), textSource('s.zh', '甲\n乙\n丙\n\n丁\n')];
    for (const [files, lengths] of [
      [
        [short, long],
        [2, 5],
      ],
      [
        [long, short],
        [5, 2],
      ],
    ] as const) {
      const { pairs, report } = await read(files);
      expect(pairs.length).toBe(2);
      expect(report.bad).toEqual({ noPartner: { count: 2, lines: [3, 5] } });
      expect(report.lengths).toEqual(lengths);
      expect(report.lines).toBe(report.kept + report.skipped + report.badTotal);
    }
    const { report } = await read([short, long]);
    expect(report.text('en')).toContain('s.en has 2 lines but s.zh has 5: check that their lines belong together.');
    expect(report.text('zh')).toContain('s.en 有 2 行，而 s.zh 有 5 行');
    expect((await read([short, textSource('t.zh', '甲\n乙\n\n')])).report.lengths).toBeNull();
  });

  it('pair the same lines however the pieces of both fall', async () => {
    const pieces = (text: string, size: number) => ({
      name: 'x',
      *open() {
        const all = utf8(text);
        for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
      },
    });
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const [a, b] = [numbers.map((i) => `a${i}`).join('\n'), numbers.map((i) => `乙${i}`).join('\n')];
    for (const [n, m] of [
      [1, 1000],
      [7, 3],
      [1000, 1],
    ] as const) {
      const { pairs } = await read([pieces(a, n), pieces(b, m)]);
      expect(pairs).toEqual(numbers.map((i) => [`a${i}`, `乙${i}`]));
    }
  });
});

describe('report', () => {
  it('is a paragraph in either language', async () => {
    const text = `a\tb\n\n${'x\n'.repeat(1200)}c\t\n`;
    const { report } = await read(textSource('x.tsv', text));
    report.addUnknown(['囧', '囧', '\u200b']);
    report.addUnknown(['𠮷', '囧'], 9);
    report.addUnknown(['𠮷'], 1200);
    expect(report.text('en')).toBe(
      'Read 1,203 lines of x.tsv (tab-separated): kept 1 pair, passed over 1 line (empty, or column names), ' +
        'left out 1,201 bad lines: 1,200 without a tab or with too few columns (lines 3, 4, 5, 6, 7, …); ' +
        '1 with an empty side (line 1,203). ' +
        '6 pieces of text not in the vocabulary became <unk>: 囧 (3; line 9), 𠮷 (2; lines 9, 1,200), U+200B (1).',
    );
    expect(report.text('zh')).toBe(
      '读取 x.tsv（制表符分隔），共 1,203 行：保留 1 个句对，略过 1 行（空行或列名），' +
        '舍弃 1,201 个坏行：1,200 行缺少制表符或列数不足（第 3、4、5、6、7…… 行）；1 行有一侧为空（第 1,203 行）。' +
        '6 处文本不在词表中，已变为 <unk>：囧 (3；第 9 行)、𠮷 (2；第 9、1,200 行)、U+200B (1)。',
    );
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ lines: 1203, kept: 1, unknownTotal: 6 });
    expect((await read(textSource('y.tsv', 'a\tb'))).report.text('en')).toBe(
      'Read 1 line of y.tsv (tab-separated): kept 1 pair; no bad lines.',
    );
  });
});
