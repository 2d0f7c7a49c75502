import { expect, it } from 'vitest';
import { runPage } from './browser/launch.ts';

it('a web page reads corpora from files, streams and servers, packed or not', async () => {
  const { result, errors } = await runPage<Record<string, number | string>>('tests/browser/data.page.ts');
  expect(errors).toEqual([]);
  expect(result).toEqual({
    file: 40_000,
    'packed file': 40_000,
    stream: 40_000,
    fetched: 1,
    'cut off': 'cut off: a gzip file that is damaged or cut off. Fetch or make it again.',
    'two parts': expect.stringContaining('a gzip file with more after its end'),
    path: expect.stringContaining('Use textSource(file.name, file).'),
  });
});
