import { ArgumentError, type Device, type Tensor, tensor } from '../engine/index.ts';

/**
 * Sinusoidal positions (Vaswani et al. 2017, section 3.5): [length, dModel] with
 * PE(p, 2i) = sin(p / 10000^(2i/d)) and PE(p, 2i+1) = cos(p / 10000^(2i/d)).
 */
export function sinusoidalPositions(length: number, dModel: number, start = 0): Float32Array {
  if (dModel % 2 !== 0)
    throw new ArgumentError(`sinusoidalPositions: dModel ${dModel} is odd, expected an even number.`);
  const values = new Float32Array(length * dModel);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < dModel; i += 2) {
      const angle = (start + p) * Math.exp((-i * Math.log(10000)) / dModel);
      values[p * dModel + i] = Math.sin(angle);
      values[p * dModel + i + 1] = Math.cos(angle);
    }
  }
  return values;
}

/** The same as a tensor on a device. */
export const positionTensor = (length: number, dModel: number, device: Device): Tensor =>
  tensor(sinusoidalPositions(length, dModel), { shape: [length, dModel], device });
