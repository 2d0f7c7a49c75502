import { beforeAll, describe, expect, it } from 'vitest';
import { checkCase, upload, uploadAsView } from '../engine/checkOp.ts';
import { type Device, operations } from '../engine/index.ts';
import { devices } from './support/devices.ts';

/**
 * Generated from the definitions: for every operation and every case, on both devices, the result against the float64
 * reference, the gradient against central differences of that reference, and the same on inputs that are views. The
 * checks are those that `checkOp` offers to users; tests/customOperations.test.ts shows that they find mistakes.
 */
let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

for (const op of operations().values()) {
  describe(op.name, () => {
    it('has cases', () => expect(op.cases.length).toBeGreaterThan(0));
    op.cases.forEach((testCase, i) => {
      // sizes for the benchmark: minutes on a software adapter, and nothing a smaller case does not show
      if (testCase.bench === true) return;
      const label = `case ${i} ${JSON.stringify(testCase.inputs)} ${JSON.stringify(testCase.attrs ?? {})}`;
      it(`${label}: both devices agree with the reference, values and gradients`, async () => {
        for (const device of backends) await checkCase(op, testCase, device, upload);
      });
      it(`${label}: the same on strided views`, async () => {
        for (const device of backends) await checkCase(op, testCase, device, uploadAsView);
      });
    });
  });
}
