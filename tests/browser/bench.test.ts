import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../bench/results/row.ts';
import { buildPage } from '../../scripts/bench-page.mjs';
import { collectErrors, openBrowser, serve } from './launch.ts';

/** The page of the benchmark in headless Chromium, without peers: it measures, and gives its results away. */
describe('the page of the benchmark', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heddle-bench-page-'));
    expect(await buildPage(folder)).toBe(true);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['wasm', 'webgpu'])('runs the suite on %s and offers rows and curves', async (backend) => {
    await using server = await serve({ folder });
    const page = await browser.newPage();
    const errors = collectErrors(page);
    await page.goto(`${server.url}?run&suite=kernels&only=adam&rounds=2&peers=0&threads=2&backend=${backend}`);
    await page.waitForFunction(() => /Done|Failed/.test(document.getElementById('log')!.textContent!));
    const log = await page.$eval('#log', (element) => element.textContent);
    expect(log).toContain('Done.');
    const [json, html] = await page.evaluate(() =>
      Promise.all(
        ['json', 'html'].map(async (id) =>
          (await fetch((document.getElementById(id) as HTMLAnchorElement).href)).text(),
        ),
      ),
    );
    expect(errors).toEqual([]);
    const rows = JSON.parse(json!) as Row[];
    const own = rows.filter(({ engine }) => engine === 'heddle');
    expect(own).toHaveLength(4);
    for (const row of own) {
      expect(row, row.case).toMatchObject({
        backend,
        threads: backend === 'wasm' ? 2 : 1,
        runtime: expect.stringMatching(/^Chrome \d/),
      });
      expect(row.median_ms, row.case).toBeGreaterThan(0);
    }
    // the page with curves stands by itself
    await page.setContent(html!);
    expect(await page.$$eval('[data-curve] canvas', (all) => all.map(({ width }) => width > 100))).toEqual([true]);
    expect(errors).toEqual([]);
    await page.close();
  });
});
