import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPairs, openFile, setAside } from '../transformer/text/data/index.ts';

/**
 * Corpora as they are found. They lie outside the project: HEDDLE_DATA names their directory, ../shared/data is where
 * they are looked for otherwise. Without them there is nothing to read, and the run says so.
 */
const dir = resolve(process.env['HEDDLE_DATA'] ?? join(import.meta.dirname, '../../shared/data'));
const source = (name: string) => openFile(join(dir, name));

describe('corpora', () => {
  it('Tatoeba: a table with attributions, several translations of a sentence', async (context) => {
    if (!existsSync(join(dir, 'tatoeba-en-zh.tsv'))) context.skip(`the golden directory is absent: ${dir}`);
    const { pairs, report } = await loadPairs(source('tatoeba-en-zh.tsv'));
    expect(report).toMatchObject({ format: 'tsv', lines: 27_769, kept: 27_769, badTotal: 0 });
    expect(pairs[0]).toEqual({ source: 'Hi.', target: '嗨。', line: 1 });
    const { train, validation } = setAside(pairs, { most: 500, seed: 1 });
    expect(validation.length).toBeGreaterThanOrEqual(500);
    const seen = new Set(train.map((p) => p.source));
    expect(validation.filter((p) => seen.has(p.source))).toEqual([]);
  });

  it('Multi30k: two gzipped files of parallel lines', async (context) => {
    if (!existsSync(join(dir, 'multi30k'))) context.skip(`the golden directory is absent: ${dir}`);
    const { pairs, report } = await loadPairs([source('multi30k/train.en.gz'), source('multi30k/train.de.gz')]);
    expect(report).toMatchObject({ format: 'parallel', lines: 29_000, kept: 29_000, badTotal: 0, lengths: null });
    expect(pairs[0]!.source).toBe('Two young, White males are outside near many bushes.');
    expect(pairs.at(-1)!.line).toBe(29_000);
  });
});
