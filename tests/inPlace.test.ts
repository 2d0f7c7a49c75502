import { beforeAll, describe, expect, it } from 'vitest';
import { type Drawn, draw } from '../engine/checkOp.ts';
import { type Device, scope, Tensor, tensor, trace } from '../engine/index.ts';
import { inPlaceKernels, type Region } from '../engine/inPlace.ts';
import { rowMajor, sizeOf } from '../engine/shape.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

/**
 * Generated from the definitions: every kernel that works in place, on both devices, against its float64 reference. Each
 * operand lies in the middle of a larger buffer, whose other elements no kernel may touch.
 */
let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

/** Elements before and behind an operand: 256 bytes, where a binding may begin. */
const MARGIN = 64;
const guard = ({ dtype }: Drawn): number => (dtype === 'bool' ? 1 : 77);

function place(device: Device, drawn: Drawn): { readonly base: Tensor; readonly region: Region } {
  const { shape, data } = drawn.array;
  const margin = new Array<number>(MARGIN).fill(guard(drawn));
  const values = [...margin, ...data, ...margin];
  const base = Tensor.from(device, values, [values.length], drawn.dtype);
  const { storage, dtype } = base;
  return { base, region: { storage, dtype, shape, strides: rowMajor(shape), offset: MARGIN } };
}

for (const kernel of inPlaceKernels().values()) {
  describe(kernel.name, () => {
    it('has cases', () => expect(kernel.cases.length).toBeGreaterThan(0));
    kernel.cases.forEach((testCase, i) => {
      if (testCase.bench === true) return;
      const label = `case ${i} ${JSON.stringify(testCase.inputs)} ${JSON.stringify(testCase.attrs ?? {})}`;
      it(`${label}: both devices agree with the reference, and touch nothing else`, async () => {
        for (const device of backends) {
          using _ = scope();
          const inputs = draw(testCase, 11);
          const placed = Object.entries(inputs).map(([name, d]) => [name, place(device, d)] as const);
          const versions = placed.map(([, { base }]) => base.storage.version);
          kernel.run(Object.fromEntries(placed.map(([name, { region }]) => [name, region])), testCase.attrs);
          const arrays = Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, d.array]));
          const want = kernel.reference(arrays, { ...kernel.attrs, ...testCase.attrs } as never);
          const anything = kernel.writes.some((name) => (inputs[name]?.array.data.length ?? 0) > 0);
          for (const [at, [name, { base }]] of placed.entries()) {
            const drawn = inputs[name]!;
            const n = sizeOf(drawn.array.shape);
            const values = Array.from(await base.data());
            const margins = [...values.slice(0, MARGIN), ...values.slice(MARGIN + n)];
            expect(margins, `${name} on ${device.name}: what lies around it`).toEqual(
              new Array(2 * MARGIN).fill(guard(drawn)),
            );
            const label = `${kernel.name} on ${device.name}: ${name}`;
            const now = values.slice(MARGIN, MARGIN + n);
            if (!kernel.writes.includes(name)) expect(now, label).toEqual(Array.from(drawn.array.data));
            else expectClose(now, want[name]!.data, { label });
            const changed = kernel.writes.includes(name) && anything;
            expect(base.storage.version !== versions[at], `${label}: counted as changed`).toBe(changed);
          }
        }
      });
    });
  });
}

describe('a trace', () => {
  it('records kernels that work in place where it is asked to', async () => {
    for (const device of backends) {
      using _ = scope();
      const x = tensor([1, 2], { device }).requiresGrad_();
      for (const inPlace of [false, true]) {
        using t = trace({ inPlace });
        x.mul(x).sum().backward();
        const fills = t.records.filter(({ op }) => op === 'fill');
        expect(fills.length > 0).toBe(inPlace);
        for (const { kernels, path, phase } of fills)
          expect([kernels, path, phase]).toEqual([['fill'], 'fill', 'forward']);
      }
    }
  });
});
