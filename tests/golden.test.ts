import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGolden } from './golden/run.ts';

/**
 * The golden cases as tests. They lie outside the project: HEDDLE_GOLDEN names their directory, ../shared/golden is where
 * they are looked for otherwise. Without them there is nothing to compare with, and the run says so.
 */
const dir = resolve(process.env['HEDDLE_GOLDEN'] ?? join(import.meta.dirname, '../../shared/golden'));
const present = existsSync(join(dir, 'ops.json'));

describe('golden cases', () => {
  for (const backend of ['wasm', 'webgpu'] as const) {
    it(`${backend} agrees with PyTorch and sacreBLEU in every case`, async (context) => {
      if (!present) context.skip(`the golden directory is absent: ${dir}`);
      const failures: string[] = [];
      let cases = 0;
      for await (const result of runGolden(dir, backend)) {
        cases++;
        failures.push(...result.failures.map((f) => `${result.name}: ${f}`));
      }
      expect(failures).toEqual([]);
      expect(cases).toBeGreaterThan(200);
      // a minute or two on a software adapter, more beside other tests
    }, 600_000);
  }
});
