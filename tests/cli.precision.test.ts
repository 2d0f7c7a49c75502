import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandLine, logOf, lossesOf, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();

it('a run in float16 says so, logs its loss scale, and goes on to the last bit', async () => {
  const [half, straight, exact] = ['half', 'straight', 'exact'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const train = ['train', ...TINY, '--data', 'pairs.tsv'];
  const first = await heddle([...train, '--precision', 'float16', '--steps', '5', '--out', half]);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/float16: products and what the gradient needs; .* On a processor this saves memory/);
  expect(logOf(half)).toMatchObject(Array.from({ length: 5 }, () => ({ lossScale: 65536, skipped: false })));
  expect(readFileSync(join(half, 'report.html'), 'utf8')).toContain('--precision float16');

  expect(await heddle(['train', '--resume', half, '--steps', '9', '--threads', '1'])).toMatchObject({ code: 0 });
  expect(await heddle([...train, '--precision', 'float16', '--steps', '9', '--out', straight])).toMatchObject({
    code: 0,
  });
  expect(await heddle([...train, '--steps', '9', '--out', exact])).toMatchObject({ code: 0 });
  expect(logOf(half).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(lossesOf(half)).toEqual(lossesOf(straight));
  expect(lossesOf(half)).not.toEqual(lossesOf(exact));
  for (const [i, loss] of lossesOf(exact).entries()) expect(lossesOf(half)[i]).toBeCloseTo(loss, 2);
  expect(logOf(exact)[0]).not.toHaveProperty('lossScale');

  await expectLine([...train, '--precision', 'float8'], /--precision: 'float8'\. Expected one of float32, float16/);
  await expectLine(['train', '--resume', half, '--precision', 'float32'], /--resume does not go with --precision/);
});
