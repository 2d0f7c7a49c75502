import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../transformer/cli/dataset.ts';
import { drawHeatMap, drawLegend } from '../transformer/cli/heatmap.ts';
import { LogWriter, readLog } from '../transformer/cli/log.ts';
import { languageOf, messagesIn, ROOMS } from '../transformer/cli/messages/index.ts';
import { Progress } from '../transformer/cli/progress.ts';
import { alignRows, coloursOf, cutTo, onBackground, pad, widthOf } from '../transformer/cli/terminal.ts';
import { buildTokenizers, isRight } from '../transformer/cli/tokenizers.ts';
import { duration, percent } from '../transformer/report/language.ts';
import { taskNamed } from '../transformer/tasks/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with this content; its path. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Text without its escape sequences. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const bare = (text: string): string => text.replace(/\u001b\[[\d;]*m/g, '');

describe('terminal', () => {
  it('knows that a Chinese character takes two columns and an accent none', () => {
    expect(widthOf('cat')).toBe(3);
    expect(widthOf('猫坐在垫子上。')).toBe(14);
    expect(widthOf('e\u0301')).toBe(1);
    expect(pad('猫', 5, 'both')).toBe(' 猫  ');
    expect(cutTo('猫坐在', 5)).toBe('猫坐…');
    expect(
      alignRows([
        ['猫', 'x'],
        ['abc', 'y'],
      ]),
    ).toEqual(['猫   x', 'abc  y']);
  });

  it('uses colours only where a terminal shows them', () => {
    expect(coloursOf({ isTTY: false, getColorDepth: () => 24 })).toBe('none');
    expect(coloursOf({ isTTY: true, getColorDepth: () => 24 })).toBe('all');
    expect(coloursOf({ isTTY: true, getColorDepth: () => 8 })).toBe('256');
    expect(coloursOf({ isTTY: true, getColorDepth: () => 1 })).toBe('none');
    expect(onBackground('x', [68, 1, 84], '256')).toBe('\u001b[48;5;53;38;5;231mx\u001b[0m');
  });
});

describe('heat map', () => {
  const map = {
    rows: ['<s> → 猫', '猫 → 坐'],
    columns: ['the', 'cat', 'sat'],
    values: [
      [0.1, 0.8, 0.1],
      [0, 0.3, 0.7],
    ],
  };

  it('stands in columns of the same width, whatever the names', () => {
    for (const colours of ['none', '256', 'all'] as const) {
      const lines = drawHeatMap(map, { colours, width: 80, corner: 'reads → predicts' }).map(bare);
      expect(lines).toHaveLength(3);
      expect(lines[0]).toBe('reads → predicts   the  cat  sat');
      expect(lines.slice(1).map((line, r) => line.startsWith(`${pad(map.rows[r]!, 16, 'left')}  `))).toEqual([
        true,
        true,
      ]);
    }
  });

  it('is blocks of shade without colours, and percent with them', () => {
    const options = { colours: 'none', width: 80 } as const;
    expect(drawHeatMap(map, options)[1]).toBe('<s> → 猫  ░░░░ ████ ░░░░');
    expect(drawHeatMap(map, options)[2]).toBe(' 猫 → 坐       ▒▒▒▒ ▓▓▓▓');
    expect(bare(drawHeatMap(map, { ...options, colours: 'all' })[1]!)).toBe('<s> → 猫   10   80   10  ');
    expect(bare(drawLegend('all'))).toContain('100 %');
  });

  it('goes below itself where it is too wide', () => {
    const lines = drawHeatMap(map, { colours: 'none', width: 22 });
    expect(lines).toHaveLength(7);
    expect(lines[4]).toContain('sat');
  });
});

describe('progress', () => {
  it('is a line at a time where there is no terminal, and ends with the last', () => {
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
    const progress = new Progress('training', 4, 0, { stream, language: 'en', left: 'left', every: 1e9 });
    for (const step of [1, 2, 3, 4]) progress.update(step, `loss ${step}`);
    progress.stop();
    expect(written[0]).toMatch(/^training 1\/4 {2}loss 1 {2}\d+ s left\n$/);
    expect(written.slice(1)).toEqual(['training 4/4  loss 4\n']);
  });

  it('tells times and shares as people say them', () => {
    expect(duration(42.4).en).toBe('42 s');
    expect(duration(3725).en).toBe('1 h 2 min');
    expect(duration(125).zh).toBe('2 分 5 秒');
    expect(percent(1)).toBe('100 %');
    expect(percent(0.99999)).toBe('99.9 %');
  });
});

describe('messages', () => {
  it('follow the locale', () => {
    expect(languageOf({ LANG: 'zh_CN.UTF-8' })).toBe('zh');
    expect(languageOf({ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' })).toBe('en');
    expect(languageOf({ LANG: 'de_DE.UTF-8', LC_ALL: '' })).toBe('en');
    expect(messagesIn('zh').training).toBe('训练');
  });

  it('stand in one room each', () => {
    const names = Object.values(ROOMS).flatMap((room) => Object.keys(room));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('say nothing the same way in both languages but names', () => {
    const [en, zh] = [messagesIn('en'), messagesIn('zh')] as unknown as Record<string, unknown>[];
    const same = Object.keys(en!).filter((key) => typeof en![key] === 'string' && en![key] === zh![key]);
    expect(same).toEqual([]);
  });
});

describe('data', () => {
  it('sets a part aside by source sentence, the same part for the same seed', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `sentence ${i % 150}\tSatz ${i}`);
    const path = file('f.tsv', lines.join('\n'));
    const { train, test, showcase } = await loadDataset(taskNamed('translate'), [path], 3);
    expect(test).toHaveLength(7); // a twentieth of 150
    expect(showcase).toHaveLength(5);
    const unseen = new Set(test.map((t) => t.source));
    expect(train.some((p) => unseen.has(p.source))).toBe(false);
    expect(train.length + test.reduce((n, t) => n + t.references.length, 0)).toBe(200);
    expect((await loadDataset(taskNamed('translate'), [path], 3)).test).toEqual(test);
    expect((await loadDataset(taskNamed('translate'), [path], 4)).test).not.toEqual(test);
  });

  it('cuts Chinese into characters and English into words, and compares what they leave', () => {
    const { source, target } = buildTokenizers([{ source: 'The cat sat.', target: '猫坐着。' }]);
    expect([source.kind, target.kind]).toEqual(['words', 'characters']);
    expect(isRight('猫坐着。', ['狗', '猫坐着。'], target)).toBe(true);
    expect(isRight('猫坐着。', ['猫坐着'], target)).toBe(false);
    expect(isRight('the cat sat.', ['The cat  sat.'], source)).toBe(true);
    // an unknown token is like no other
    expect(isRight('<unk>', ['dog'], source)).toBe(false);
  });
});

describe('log', () => {
  const entry = (step: number) => ({ step, loss: 1 / 3, lr: 1e-4, gradNorm: 2, tokens: 50, seconds: step });

  it('goes on after the checkpoint, each step once, and outlives a line cut short', async () => {
    const path = file('log.jsonl', `${[1, 2, 3].map((s) => JSON.stringify(entry(s))).join('\n')}\n{"step":4,"lo`);
    expect(await readLog(path)).toHaveLength(3);
    const kept = await readLog(path, 2);
    {
      using writer = await LogWriter.open(path, kept);
      writer.write(entry(3));
      writer.write(entry(4));
    }
    expect((await readLog(path)).map((e) => e.step)).toEqual([1, 2, 3, 4]);
    expect(readFileSync(path, 'utf8')).toContain('"loss":0.3333333333333333');
    expect(await readLog(join(folder, 'none.jsonl'))).toEqual([]);
  });
});
