import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Generator } from '../engine/index.ts';
import type { Context } from '../transformer/cli/context.ts';
import { loadDataset } from '../transformer/cli/data/dataset.ts';
import { heldPairs } from '../transformer/cli/data/pairs.ts';
import { isRight, makeTokenizers } from '../transformer/cli/data/tokenizers.ts';
import { languageOf, messagesIn, ROOMS } from '../transformer/cli/messages/index.ts';
import { type DecodingFlags, decodingOf, describeDecoding } from '../transformer/cli/options/decoding.ts';
import { chosenTokenizers, tokenizerArguments } from '../transformer/cli/options/tokenizer.ts';
import { drawHeatMap, drawLegend } from '../transformer/cli/terminal/heatmap.ts';
import { Progress } from '../transformer/cli/terminal/progress.ts';
import { alignRows, coloursOf, cutTo, onBackground, pad, widthOf } from '../transformer/cli/terminal/terminal.ts';
import { Tokenizer } from '../transformer/index.ts';
import { duration, percent } from '../transformer/language/language.ts';
import { LogWriter, readLog } from '../transformer/training/runs/log.ts';
import { taskNamed } from '../transformer/training/tasks/index.ts';

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

  it('draws a bar on a terminal, below the lines that stay, and ends below them', () => {
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'xterm');
    try {
      const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 60 });
      const progress = new Progress('training', 4, 0, { stream: stream as never, language: 'en', left: 'left' });
      progress.update(2, 'loss 2');
      progress.line('validation at step 2');
      progress.note('validating 3/4');
      progress.stop();
      const written = String(stream.read());
      const last = (text: string): number => written.lastIndexOf(text);
      expect(written).toContain('\r\u001b[Kvalidation at step 2\n\u001b7');
      expect(written).toContain('validating 3/4');
      expect(written).toMatch(/training 2\/4 █+░+ {2}loss 2/);
      // the cursor goes back to where it was saved last: behind the line, not above it
      expect(last('\u001b7')).toBeGreaterThan(last('validation at step 2'));
      expect(last('\u001b8')).toBeGreaterThan(last('\u001b7'));
    } finally {
      vi.unstubAllEnvs();
    }
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
  const context: Context = { say: messagesIn('en'), language: 'en' };

  it('sets a part aside by source sentence, the same part for the same seed', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `sentence ${i % 150}\tSatz ${i}`);
    const path = file('f.tsv', lines.join('\n'));
    const load = (seed: number, validated = true) =>
      loadDataset(taskNamed('translate'), { files: [path], stream: false, validated }, seed, context);
    const { train, validation, test, showcase } = await load(3);
    expect([test.length, validation.length]).toEqual([7, 7]); // a twentieth of 150, and of the other 143
    expect(showcase).toHaveLength(5);
    const unseen = new Set([...test, ...validation].map((t) => t.source));
    expect(unseen.size).toBe(14);
    expect(train.held!.some((p) => unseen.has(p.source))).toBe(false);
    expect(train.count + [...test, ...validation].reduce((n, t) => n + t.references.length, 0)).toBe(200);
    expect((await load(3)).test).toEqual(test);
    expect((await load(4)).test).not.toEqual(test);
    // without validation those sentences are trained on, and the test is the same
    const unvalidated = await load(3, false);
    expect(unvalidated.test).toEqual(test);
    expect(unvalidated.train.count).toBe(200 - test.reduce((n, t) => n + t.references.length, 0));
  });

  it('cuts Chinese into characters and English into words, and compares what they leave', async () => {
    const pairs = heldPairs([{ source: 'The cat sat.', target: '猫坐着。' }]);
    const { source, target } = await makeTokenizers(pairs, chosenTokenizers({}, context), context);
    expect([source.kind, target.kind]).toEqual(['words', 'characters']);
    expect(isRight('猫坐着。', ['狗', '猫坐着。'], target)).toBe(true);
    expect(isRight('猫坐着。', ['猫坐着'], target)).toBe(false);
    expect(isRight('the cat sat.', ['The cat  sat.'], source)).toBe(true);
    // an unknown token is like no other
    expect(isRight('<unk>', ['dog'], source)).toBe(false);
  });
});

describe('tokenizers', () => {
  const context: Context = { say: messagesIn('en'), language: 'en' };
  const pairs = heldPairs([
    { source: 'The Cat sat.', target: '猫坐着。' },
    { source: 'A cat sat there.', target: '猫坐在那里。' },
  ]);

  it('are built as the options say, and the options can be told from the settings', async () => {
    const bpe = chosenTokenizers({ tokenizer: 'bpe', vocabSize: 30, targetTokenizer: 'byte-bpe' }, context);
    await expect(makeTokenizers(pairs, bpe, context)).rejects.toThrow('a vocabulary of 30 tokens, but 260');
    const sides = chosenTokenizers({ tokenizer: 'bpe', targetTokenizer: 'words', vocabSize: 18 }, context);
    const { source, target } = await makeTokenizers(pairs, sides, context);
    expect([source.kind, source.size, target.kind]).toEqual(['characterPairs', 18, 'words']);
    expect(source.decode(source.encode('The cat.'))).toBe('The cat.');
    const flags = { tokenizer: 'byte-bpe', vocabSize: 300, shareVocabulary: true, lowerCase: true } as const;
    const settings = chosenTokenizers(flags, context);
    const shared = await makeTokenizers(pairs, settings, context);
    expect(shared.source).toBe(shared.target);
    expect([shared.source.kind, shared.source.decode(shared.source.encode('The 猫'))]).toEqual(['bytePairs', 'the 猫']);
    expect(tokenizerArguments(settings).flat(2).join(' ')).toBe(
      '--tokenizer byte-bpe --vocab-size 300 --share-vocabulary --lower-case',
    );
    expect(tokenizerArguments(chosenTokenizers({}, context))).toEqual([]);
    const auto = await makeTokenizers(
      pairs,
      chosenTokenizers({ shareVocabulary: true, vocabSize: 40 }, context),
      context,
    );
    expect(auto.source.kind).toBe('characterPairs');
  });

  it('come from files, one for both sides or two', async () => {
    const hub = {
      model: { type: 'WordPiece', vocab: { '[UNK]': 0, cat: 1, '##s': 2, '[SEP]': 3 }, unk_token: '[UNK]' },
    };
    const one = file('tokenizer.json', JSON.stringify(hub));
    const two = file('other.json', JSON.stringify(Tokenizer.build('characters', ['猫'])));
    const both = await makeTokenizers(pairs, chosenTokenizers({ tokenizerFile: [one] }, context), context);
    expect(both.source).toBe(both.target);
    expect(both.source.vocabulary).toEqual(['<pad>', '<s>', '[SEP]', '[UNK]', 'cat', '##s']);
    const sides = await makeTokenizers(pairs, chosenTokenizers({ tokenizerFile: [one, two] }, context), context);
    expect([sides.source.size, sides.target.encode('猫狗')]).toEqual([6, [4, 3]]);
    const broken = chosenTokenizers({ tokenizerFile: [file('broken.json', '{')] }, context);
    await expect(makeTokenizers(pairs, broken, context)).rejects.toThrow(/broken\.json: no JSON\. Expected/);
  });

  it('say which options do not go together', () => {
    const wrong = [
      [{ lowerCase: true, keepCase: true }, '--lower-case does not go with --keep-case'],
      [{ tokenizerFile: ['a'], vocabSize: 9 }, '--tokenizer-file does not go with --vocab-size'],
      [{ tokenizerFile: ['a', 'b', 'c'] }, '3 files. Expected one for both sides, or two'],
      [{ shareVocabulary: true, sourceTokenizer: 'bpe' }, 'the source is cut by bpe, the target by auto'],
    ] as const;
    for (const [flags, message] of wrong) expect(() => chosenTokenizers(flags, context)).toThrow(message);
  });
});

describe('decoding', () => {
  const context: Context = { say: messagesIn('en'), language: 'en' };
  const decoding = (flags: DecodingFlags, nBest?: number) => decodingOf(flags, context, nBest);

  it('is greedy, a beam or sampling, as the options say, with what was left out filled in', () => {
    expect(decoding({}).settings).toEqual({ method: 'greedy' });
    expect(decoding({ beam: 3, noRepeatNgram: 2 })).toEqual({
      options: { beam: 3, noRepeatNgram: 2 },
      settings: { method: 'beam', beam: 3, lengthPenalty: 0.6, noRepeatNgram: 2 },
    });
    expect(decoding({}, 7).options).toEqual({ beam: 7, nBest: 7 });
    expect(decoding({ lengthPenalty: 1 }, 2).settings).toEqual({ method: 'beam', beam: 4, lengthPenalty: 1 });
    const drawn = decoding({ topK: 5, maxLength: 9 });
    expect(drawn.settings).toEqual({ method: 'sampling', topK: 5, seed: 1, maxLength: 9 });
    expect(drawn.options.generator).toBeInstanceOf(Generator);
    expect(describeDecoding(drawn.settings, context)).toBe('sampling, top k 5, seed 1, longest 9');
    expect(describeDecoding(decoding({ beam: 3 }).settings, context)).toBe('beam 3, length penalty 0.6');
  });

  it('does not draw along a beam', () => {
    expect(() => decoding({ beam: 2, topP: 0.5 })).toThrow('--beam does not go with --top-p');
    expect(() => decoding({ seed: 1 }, 2)).toThrow('--n-best does not go with --seed');
    expect(() => decoding({ beam: 2 }, 5)).toThrow('5 translations of a beam of 2');
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
