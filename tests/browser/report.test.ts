/** The report's script in a real browser: what it draws, says and keeps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../transformer/report/report.ts';
import { fakeRun } from '../support/report.ts';
import { browserSupported, collectErrors, openBrowser } from './launch.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(browserSupported)('the page of a run that goes on', () => {
  it('answers to pointer, keys and language, and keeps the view when it loads itself again', async () => {
    const path = join(folder, 'report.html');
    const run = fakeRun();
    const progress = { state: 'running', step: 2400, steps: 5000, left: 60 } as const;
    const write = (written: string): void => writeFileSync(path, renderReport({ ...run, written, progress }));
    write(new Date().toISOString());
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const errors = collectErrors(page);
      await page.goto(pathToFileURL(path).href);
      const ask = (script: string): Promise<unknown> => page.evaluate(script);
      const read = (chart: string): Promise<unknown> =>
        ask(`document.querySelector('figure[data-chart=${chart}] output').textContent`);
      await ask(`document.querySelector('figure[data-chart=loss] svg').focus()`);
      await page.keyboard.press('Home');
      expect(await read('loss')).toMatch(/^step 1: every step 6\.\d+, running mean 6\.\d+, learning rate 7\.81e-6$/);
      await page.click('#language');
      expect(await read('loss')).toMatch(/^第 1 步：逐步 6/);
      await page.hover('figure[data-chart=scores] svg');
      expect(await read('scores')).toMatch(/^第 1,\d+ 步：BLEU [\d.]+，chrF2 [\d.]+$/);
      expect(await ask(`document.querySelector('#stale').hidden`)).toBe(true);

      await ask(`document.querySelector('form [name=raw]').click(); scrollTo(0, 700)`);
      // what the reader looks at stays where it is, though a line appears above it
      const place = `Math.round(document.querySelector('#chart-loss').getBoundingClientRect().top)`;
      const before = await ask(place);
      write('2025-11-23T14:38:12.345Z');
      await page.reload();
      expect(await ask(place)).toBe(before);
      expect(await ask('document.documentElement.dataset.language')).toBe('zh');
      expect(await ask(`document.querySelectorAll('.curve.raw').length`)).toBe(0);
      expect(await ask(`document.querySelectorAll('.curve.smooth').length`)).toBe(1);
      // a process that was killed writes no more
      expect(await ask(`document.querySelector('#stale').textContent`)).toMatch(/^已有 .* 未更新/);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
