import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HarnessResult } from './harness.page.ts';
import { browserSupported, openBrowser, runPage, serve } from './launch.ts';

describe.skipIf(!browserSupported)('browser harness', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test('runs a compute shader on the software adapter', async () => {
    const page = 'tests/browser/harness.page.ts';
    const { result, errors } = await runPage<HarnessResult>(page, { browser, argument: { factor: 10 } });
    expect(errors).toEqual([]);
    expect(result).toEqual({ values: [9, 19, 29, 39], architecture: 'swiftshader', isolated: true });
  });

  test('can leave cross-origin isolation out', async () => {
    const page = 'tests/browser/harness.page.ts';
    const { result } = await runPage<HarnessResult>(page, { browser, argument: { factor: 1 }, isolated: false });
    expect(result.isolated).toBe(false);
  });

  test('reports what a page throws, logs, fails to load and does not finish', async () => {
    const page = 'tests/browser/failing.page.ts';
    await expect(runPage(page, { browser, argument: 'throw' })).rejects.toThrow(
      /failed in the browser.*thrown in the page/,
    );
    const { result, errors } = await runPage(page, { browser, argument: 'log' });
    expect(result).toBe('done');
    expect(errors).toContain('logged in the page');
    expect(errors).toContainEqual(expect.stringMatching(/missing\.bin: 404$/));
    await expect(runPage(page, { browser, argument: 'hang', timeout: 200 })).rejects.toThrow('no result after 200 ms');
  });
});

test('the server serves its folder and nothing outside it', async () => {
  await using server = await serve({ folder: import.meta.dirname, files: { '/index.html': 'hello' } });
  expect(await (await fetch(server.url)).text()).toBe('hello');
  expect((await fetch(`${server.url}launch.ts`)).status).toBe(200);
  expect((await fetch(`${server.url}..%2Fshaders.test.ts`)).status).toBe(404);
});
