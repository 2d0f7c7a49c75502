import { ArgumentError, type Device, type Tensor, tensor, unscoped } from '../../engine/index.ts';

/** Angle of position p in pair i of a row of `width` numbers: p / base^(2i/width). */
const angle = (p: number, i: number, width: number, base: number): number =>
  p * Math.exp((-2 * i * Math.log(base)) / width);

/**
 * Sinusoidal positions (Vaswani et al. 2017, section 3.5): [length, dModel] with
 * PE(p, 2i) = sin(p / 10000^(2i/d)) and PE(p, 2i+1) = cos(p / 10000^(2i/d)).
 */
export function sinusoidalPositions(length: number, dModel: number, start = 0): Float32Array {
  checkEven('sinusoidalPositions', 'dModel', dModel);
  const values = new Float32Array(length * dModel);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < dModel; i += 2) {
      const a = angle(start + p, i / 2, dModel, 10000);
      values[p * dModel + i] = Math.sin(a);
      values[p * dModel + i + 1] = Math.cos(a);
    }
  }
  return values;
}

/**
 * The cos/sin table of rotary position embeddings (Su et al. 2021, section 3.2.2), as `rotary` of the engine takes it:
 * [length, width] with cos(p·θᵢ) at [p, 2i] and sin(p·θᵢ) at [p, 2i + 1], θᵢ = base^(−2i/width). width: the size of a head.
 */
export function rotaryCosSin(length: number, width: number, base = 10000): Float32Array {
  checkEven('rotaryCosSin', 'width', width);
  const values = new Float32Array(length * width);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < width; i += 2) {
      const a = angle(p, i / 2, width, base);
      values[p * width + i] = Math.cos(a);
      values[p * width + i + 1] = Math.sin(a);
    }
  }
  return values;
}

function checkEven(caller: string, name: string, size: number): void {
  if (size % 2 !== 0) throw new ArgumentError(`${caller}: ${name} ${size} is odd, expected an even number.`);
}

/**
 * A table with a row for each position, as long as the longest sequence so far: it grows in powers of two. Belongs to no
 * scope: dispose it.
 */
export class PositionTable implements Disposable {
  readonly #values: (length: number) => Float32Array;
  #rows: Tensor | null = null;

  /** values: the first `length` rows, one after another. */
  constructor(values: (length: number) => Float32Array) {
    this.#values = values;
  }

  /** At least `length` rows: [length or more, width]. */
  upTo(length: number, device: Device): Tensor {
    if (this.#rows === null || this.#rows.shape[0]! < length) {
      this.dispose();
      const rows = Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, length))));
      const values = this.#values(rows);
      this.#rows = unscoped(() => tensor(values, { shape: [rows, values.length / rows], device }));
    }
    return this.#rows;
  }

  dispose(): void {
    this.#rows?.dispose();
    this.#rows = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export const sinusoidTable = (dModel: number): PositionTable =>
  new PositionTable((length) => sinusoidalPositions(length, dModel));

export const rotaryTable = (width: number): PositionTable => new PositionTable((length) => rotaryCosSin(length, width));
