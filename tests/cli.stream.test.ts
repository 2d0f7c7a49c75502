/** Corpora that are read anew each epoch: the same data as in memory, and runs that go on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../transformer/cli/context.ts';
import { loadDataset } from '../transformer/cli/data/dataset.ts';
import { makeTokenizers } from '../transformer/cli/data/tokenizers.ts';
import { messagesIn } from '../transformer/cli/messages/index.ts';
import { chosenTokenizers } from '../transformer/cli/options/tokenizer.ts';
import { taskNamed } from '../transformer/training/tasks/index.ts';
import { commandLine, logOf, lossesOf, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();
const context: Context = { say: messagesIn('en'), language: 'en' };

/** Three hundred pairs, some sentences with two translations, some lines bad; as a table, and as two packed files. */
const LINES = Array.from({ length: 300 }, (_, i) => {
  if (i % 50 === 49) return ['', 'no source'] as const;
  const number = i % 2 === 0 ? i : i - (i % 20);
  const words = ['one', 'two', 'three', 'four', 'five', 'six'];
  const source = [...`${number}`].map((d) => words[Number(d) % 6]).join(' ');
  return [`say ${source} to ${words[i % 5]} ${number}`, `说${number}给${i % 5}`] as const;
});
const table = join(folder, 'table.tsv');
const sides = [join(folder, 'text.en.gz'), join(folder, 'text.zh.gz')];

beforeAll(() => {
  writeFileSync(table, LINES.map((pair) => `${pair.join('\t')}\n`).join(''));
  for (const [side, path] of sides.entries()) {
    writeFileSync(path, gzipSync(LINES.map((pair) => `${pair[side]}\n`).join('')));
  }
});

describe('a streamed corpus', () => {
  it('is split, counted and cut into tokens like one in memory', async () => {
    const choices = [[table], sides].flatMap((files) => [true, false].map((validated) => ({ files, validated })));
    for (const choice of choices) {
      const load = (stream: boolean) => loadDataset(taskNamed('translate'), { ...choice, stream }, 3, context);
      const [held, streamed] = [await load(false), await load(true)];
      expect(held.validation.length > 5).toBe(choice.validated);
      expect(streamed.train.held).toBeNull();
      expect(held.train.count).toBeGreaterThan(200);
      const read = [];
      for await (const block of streamed.train.blocks()) read.push(...block);
      expect(read).toEqual(held.train.held);
      expect(streamed.report!.toJSON()).toEqual(held.report!.toJSON());
      expect(streamed.report!.badTotal).toBe(6);
      for (const part of ['test', 'validation', 'showcase'] as const) expect(streamed[part]).toEqual(held[part]);
      expect(held.test.length).toBeGreaterThan(5);
      expect([streamed.train.count, streamed.train.fingerprint]).toEqual([held.train.count, held.train.fingerprint]);
      for (const flags of [{}, { tokenizer: 'bpe', vocabSize: 60, shareVocabulary: true } as const]) {
        const settings = chosenTokenizers(flags, context);
        const [a, b] = [
          await makeTokenizers(held.train, settings, context),
          await makeTokenizers(streamed.train, settings, context),
        ];
        expect(b.source.toJSON()).toEqual(a.source.toJSON());
        expect(b.target.toJSON()).toEqual(a.target.toJSON());
      }
    }
  });
});

describe('heddle train --stream', () => {
  const train = ['train', ...TINY, '--data', 'table.tsv', '--stream', '--batch-tokens', '400', '--validate-every', '4'];
  const configOf = (run: string) => JSON.parse(readFileSync(join(folder, run, 'config.json'), 'utf8')).training;

  it('trains for whole epochs, goes on as if it had not stopped, and is tested on what it set aside', async () => {
    const whole = await heddle([...train, '--epochs', '2', '--out', 'whole']);
    expect(whole.stderr).toContain('Read 300 lines of table.tsv (tab-separated): kept 294 pairs');
    expect(whole.code).toBe(0);
    expect(whole.stdout).toContain('read anew each epoch');
    const { steps, batches, data } = configOf('whole');
    expect(data.stream).toBe(true);
    expect(steps).toBe(2 * batches);
    expect(logOf(join(folder, 'whole'))).toHaveLength(steps);
    // stopped in the midst of the second epoch
    const part = await heddle([...train, '--steps', `${batches + 3}`, '--out', 'part']);
    expect(part.code).toBe(0);
    const resumed = await heddle(['train', '--resume', 'part', '--steps', `${steps}`, '--backend', 'wasm']);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain(`after step ${batches + 3}`);
    expect(lossesOf(join(folder, 'part'))).toEqual(lossesOf(join(folder, 'whole')));
    expect(readFileSync(join(folder, 'whole', 'report.html'), 'utf8')).toContain('--data table.tsv --stream');
    const tested = await heddle([
      'evaluate',
      '--model',
      'whole',
      '--test',
      '--limit',
      '3',
      '--json',
      '--backend',
      'wasm',
    ]);
    expect(JSON.parse(tested.stdout)).toMatchObject({ sentences: 3 });
  });

  it('says what does not go together', async () => {
    await expectLine(['train', '--stream'], /--stream: no files to read\. Give them with --data/);
    await expectLine(['train', '--resume', 'whole', '--stream'], /--resume does not go with --stream/);
  });
});
