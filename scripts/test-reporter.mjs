/**
 * A vitest reporter that writes the counts `scripts/test.mjs` ends with to the file named by HEDDLE_TEST_COUNTS.
 *
 * A skipped test proves nothing and counts as failed, with one exception: tests that compare with the golden files may be
 * skipped where the checkout has none, and say so in their name or in the note of `context.skip(note)`.
 */
import { writeFileSync } from 'node:fs';

const ALLOWED_SKIP = /golden directory is absent/i;

/**
 * @import { Reporter, SerializedError, TestModule } from 'vitest/node'
 * @implements {Reporter}
 */
export default class CountReporter {
  /**
   * @param {ReadonlyArray<TestModule>} modules
   * @param {ReadonlyArray<SerializedError>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = {
      passed: 0,
      failed: unhandledErrors.length,
      allowedSkips: 0,
      skipped: /** @type {string[]} */ ([]),
    };
    for (const module of modules) {
      const failedBefore = counts.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed++;
        else if (result.state === 'failed') counts.failed++;
        else if (ALLOWED_SKIP.test(`${test.fullName} ${('note' in result && result.note) || ''}`))
          counts.allowedSkips++;
        else counts.skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
      // A file that does not load, or a hook that fails, has failed even if no test of it has.
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed++;
    }
    const path = process.env['HEDDLE_TEST_COUNTS'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}
