import { describe, expect, test } from 'vitest';
import runHere, { type Meanwhile } from './eventLoop.page.ts';
import { browserSupported, runPage } from './launch.ts';

/** A fifth of what an idle event loop does (60 frames and 100 ticks a second): room for a busy machine. */
const check = (what: string, { milliseconds, frames, ticks }: Meanwhile, everyFrame: boolean): void => {
  expect(ticks, `${what}: timers in ${milliseconds} ms`).toBeGreaterThan(milliseconds / 50);
  if (everyFrame) expect(frames, `${what}: frames in ${milliseconds} ms`).toBeGreaterThan(milliseconds / 80);
};

describe('computing on wasm lets the event loop go round', () => {
  test.runIf(browserSupported)('in a page: frames are drawn and timers run', async () => {
    const { result, errors } = await runPage<Record<string, Meanwhile>>('tests/browser/eventLoop.page.ts');
    expect(errors).toEqual([]);
    for (const [what, meanwhile] of Object.entries(result)) check(what, meanwhile, true);
  });

  test('in Node: timers run', async () => {
    const result = await runHere();
    for (const [what, meanwhile] of Object.entries(result)) check(what, meanwhile, false);
  });
});
