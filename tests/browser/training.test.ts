import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, runPage } from './launch.ts';
import runHere, { type PageTraining } from './training.page.ts';

/** A bundled page trains in headless Chromium on both devices, and gets the same losses as Node. */
describe('training in a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  const page = 'tests/browser/training.page.ts';
  const train = async (kind: 'wasm' | 'webgpu', isolated: boolean): Promise<PageTraining> => {
    const { result, errors } = await runPage<PageTraining>(page, { browser, argument: { kind, steps: 5 }, isolated });
    expect(errors).toEqual([]);
    return result;
  };

  test('on wasm with threads, on wasm without isolation, and on WebGPU, five steps with the losses of Node', async () => {
    const here = await runHere({ kind: 'wasm', steps: 5 });
    expect(here.losses).toHaveLength(5);
    expect(here.losses[4]).toBeLessThan(here.losses[0]!);
    const pages = [await train('wasm', true), await train('wasm', false), await train('webgpu', true)];
    expect(pages[0]!.description).toMatch(/^wasm.*[2-9] threads/);
    expect(pages[1]!.description).toMatch(/1 thread .*not cross-origin isolated/);
    expect(pages[2]!.description).toMatch(/^webgpu/);
    for (const { description, losses, leaked, translation } of pages) {
      for (const [i, loss] of losses.entries()) {
        expect(Math.abs(loss - here.losses[i]!), `${description}, step ${i + 1}`).toBeLessThan(1e-4);
      }
      expect(leaked, `${description}: buffers left over`).toBe(0);
      expect(translation).toBeTypeOf('string');
    }
  });
});
