import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, type Op, operations, scope, Tensor } from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { type NDArray, ndarray } from '../engine/reference.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';
import { type Drawn, draw, upload, uploadAsView } from './support/draw.ts';

/**
 * Generated from the definitions: for every operation and every case, on both devices, the result against the float64
 * reference, the gradient against central differences of that reference, and the same on inputs that are views.
 */
let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const arrays = (inputs: Record<string, Drawn>): Record<string, NDArray> =>
  Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, d.array]));

const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** d ⟨dy, f(x)⟩ along `direction` of one input, by a central difference of the reference. */
function slope(
  op: Op,
  attrs: object,
  inputs: Record<string, Drawn>,
  name: string,
  direction: ArrayLike<number>,
  dy: Float64Array,
): number {
  const h = 1e-5;
  const shifted = (sign: number): number => {
    const given = arrays(inputs);
    const x = given[name]!;
    given[name] = ndarray(
      x.shape,
      x.data.map((v, i) => v + sign * h * direction[i]!),
    );
    return dotProduct(op.reference(given, attrs as never).data, dy);
  };
  return (shifted(1) - shifted(-1)) / (2 * h);
}

/** Directions to try: each element by itself for small inputs, else random ones. */
function directions(size: number): Float64Array[] {
  if (size <= 40)
    return Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  return Array.from({ length: 6 }, (_, k) => {
    const s = new Stream(77, k);
    return Float64Array.from({ length: size }, () => s.normal() / Math.sqrt(size));
  });
}

async function checkCase(op: Op, testCase: Op['cases'][number], device: Device, place: typeof upload): Promise<void> {
  const inputs = draw(testCase, 11);
  const attrs = { ...op.attrs, ...testCase.attrs };
  const want = op.reference(arrays(inputs), attrs as never);
  using _ = scope();
  const given = Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, place(device, d)]));
  const learns = Object.entries(inputs).filter(
    ([name, d]) => op.differentiable && d.dtype === 'float32' && !op.constants.includes(name),
  );
  for (const [name] of learns) given[name] = given[name]!.detach().requiresGrad_();
  const got = op.run(given, testCase.attrs);
  expect(got.shape, 'shape').toEqual(want.shape);
  if (got.dtype === 'float32') expectClose(await got.data(), want.data, { label: `${op.name} on ${device.name}` });
  else expect(Array.from(await got.data()), `${op.name} on ${device.name}`).toEqual(Array.from(want.data));

  if (learns.length === 0 || testCase.gradient === false || got.dtype !== 'float32' || got.size === 0) return;
  const stream = new Stream(23);
  const dy = Float64Array.from({ length: want.data.length }, () => Math.fround(stream.normal()));
  got.backward(Tensor.from(device, dy, want.shape, 'float32'));
  for (const [name, { array }] of learns) {
    const grad = given[name]!.grad;
    expect(grad, `${op.name}: gradient of ${name}`).not.toBeNull();
    const g = await grad!.data();
    const all = directions(array.data.length);
    expectClose(
      all.map((d) => dotProduct(g, d)),
      all.map((d) => slope(op, attrs, inputs, name, d, dy)),
      {
        relative: 1e-4,
        absolute: 1e-5,
        label: `${op.name} on ${device.name}: gradient of ${name}`,
      },
    );
    expect(g.every(Number.isFinite), `${op.name}: gradient of ${name} is finite`).toBe(true);
  }
}

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
