import type { Arithmetic } from '../engines/transformer.ts';
import { largest } from './compare.ts';

/** A value of float64 arithmetic that knows how to go back. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  grad: Float64Array | null;
  readonly back: ((dy: Float64Array) => void) | null;
  readonly inputs: readonly Value[];
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function value(
  shape: readonly number[],
  data: Float64Array,
  inputs: readonly Value[] = [],
  back: ((dy: Float64Array) => void) | null = null,
): Value {
  return { shape, data, grad: null, back, inputs };
}

export const leaf = (shape: readonly number[], data: ArrayLike<number>): Value => value(shape, Float64Array.from(data));

const gradOf = (v: Value): Float64Array => (v.grad ??= new Float64Array(v.data.length));

/** c[m, n] += a[m, k] · b[k, n], all of them parts of arrays, with a or b transposed in memory. */
function multiply(
  [a, aFrom, ta]: readonly [Float64Array, number, boolean],
  [b, bFrom, tb]: readonly [Float64Array, number, boolean],
  [c, cFrom]: readonly [Float64Array, number],
  [m, k, n]: readonly [number, number, number],
): void {
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = a[aFrom + (ta ? p * m + i : i * k + p)]!;
      if (tb) for (let j = 0; j < n; j++) c[cFrom + i * n + j]! += x * b[bFrom + j * k + p]!;
      else for (let j = 0; j < n; j++) c[cFrom + i * n + j]! += x * b[bFrom + p * n + j]!;
    }
  }
}

/** Goes back from a value of one number; gradients add up in `grad`. */
export function backward(from: Value): void {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const visit = (v: Value): void => {
    if (seen.has(v)) return;
    seen.add(v);
    for (const input of v.inputs) visit(input);
    order.push(v);
  };
  visit(from);
  gradOf(from)[0] = 1;
  for (const v of order.reverse()) if (v.grad !== null) v.back?.(v.grad);
}

/** The arithmetic of a Transformer in float64 on one thread, with gradients: what every engine's model is held against. */
export const float64: Arithmetic<Value, Value> = {
  constant: (shape, data) => leaf(shape, data),
  ids: (shape, data) => leaf(shape, data),

  add(a, b) {
    const size = b.data.length;
    const out = Float64Array.from(a.data, (x, i) => x + b.data[i % size]!);
    return value(a.shape, out, [a, b], (dy) => {
      const [da, db] = [gradOf(a), gradOf(b)];
      for (let i = 0; i < dy.length; i++) {
        da[i]! += dy[i]!;
        db[i % size]! += dy[i]!;
      }
    });
  },

  scale(a, factor) {
    return value(
      a.shape,
      a.data.map((x) => x * factor),
      [a],
      (dy) => {
        const da = gradOf(a);
        for (let i = 0; i < dy.length; i++) da[i]! += dy[i]! * factor;
      },
    );
  },

  matmul(a, b, transposeB) {
    const [m, k] = [a.shape.at(-2)!, a.shape.at(-1)!];
    const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const shared = b.shape.length === 2;
    const batch = shared ? 1 : a.data.length / (m * k);
    const rows = shared ? a.data.length / k : m;
    const out = new Float64Array(batch * rows * n);
    const sizes = [rows, k, n] as const;
    for (let i = 0; i < batch; i++) {
      multiply([a.data, i * rows * k, false], [b.data, i * k * n, transposeB], [out, i * rows * n], sizes);
    }
    return value([...a.shape.slice(0, -1), n], out, [a, b], (dy) => {
      for (let i = 0; i < batch; i++) {
        const d = [dy, i * rows * n, false] as const;
        multiply(d, [b.data, i * k * n, !transposeB], [gradOf(a), i * rows * k], [rows, n, k]);
        const left = [a.data, i * rows * k] as const;
        if (transposeB) multiply([dy, d[1], true], [...left, false], [gradOf(b), i * k * n], [n, rows, k]);
        else multiply([...left, true], d, [gradOf(b), i * k * n], [k, rows, n]);
      }
    });
  },

  reshape: (a, shape) =>
    value(shape, a.data, [a], (dy) => {
      const da = gradOf(a);
      for (let i = 0; i < dy.length; i++) da[i]! += dy[i]!;
    }),

  swapMiddle(a) {
    const [p, q, r, s] = a.shape as [number, number, number, number];
    const from = new Uint32Array(a.data.length);
    let at = 0;
    for (let i = 0; i < p; i++)
      for (let k = 0; k < r; k++)
        for (let j = 0; j < q; j++) for (let l = 0; l < s; l++) from[at++] = ((i * q + j) * r + k) * s + l;
    // [p, q, r, s] → [p, r, q, s]
    const out = new Float64Array(a.data.length);
    for (let i = 0; i < out.length; i++) out[i] = a.data[from[i]!]!;
    return value([p, r, q, s], out, [a], (dy) => {
      const da = gradOf(a);
      for (let i = 0; i < dy.length; i++) da[from[i]!]! += dy[i]!;
    });
  },

  rows(a, from, to) {
    const width = product(a.shape.slice(1));
    return value([to - from, ...a.shape.slice(1)], a.data.slice(from * width, to * width), [a], (dy) => {
      const da = gradOf(a);
      for (let i = 0; i < dy.length; i++) da[from * width + i]! += dy[i]!;
    });
  },

  relu: (a) =>
    value(
      a.shape,
      a.data.map((x) => Math.max(0, x)),
      [a],
      (dy) => {
        const da = gradOf(a);
        for (let i = 0; i < dy.length; i++) if (a.data[i]! > 0) da[i]! += dy[i]!;
      },
    ),

  softmax(a) {
    const width = a.shape.at(-1)!;
    const out = new Float64Array(a.data.length);
    for (let at = 0; at < out.length; at += width) {
      const row = a.data.subarray(at, at + width);
      const most = largest(row);
      let total = 0;
      for (let i = 0; i < width; i++) total += out[at + i] = Math.exp(row[i]! - most);
      for (let i = 0; i < width; i++) out[at + i]! /= total;
    }
    return value(a.shape, out, [a], (dy) => {
      const da = gradOf(a);
      for (let at = 0; at < out.length; at += width) {
        let dot = 0;
        for (let i = 0; i < width; i++) dot += dy[at + i]! * out[at + i]!;
        for (let i = 0; i < width; i++) da[at + i]! += out[at + i]! * (dy[at + i]! - dot);
      }
    });
  },

  layerNorm(a, weight, bias) {
    const width = a.shape.at(-1)!;
    const out = new Float64Array(a.data.length);
    const normed = new Float64Array(a.data.length);
    const scales = new Float64Array(a.data.length / width);
    for (let at = 0; at < out.length; at += width) {
      let [mean, variance] = [0, 0];
      for (let i = 0; i < width; i++) mean += a.data[at + i]! / width;
      for (let i = 0; i < width; i++) variance += (a.data[at + i]! - mean) ** 2 / width;
      const scale = (scales[at / width] = 1 / Math.sqrt(variance + 1e-5));
      for (let i = 0; i < width; i++) {
        normed[at + i] = (a.data[at + i]! - mean) * scale;
        out[at + i] = normed[at + i]! * weight.data[i]! + bias.data[i]!;
      }
    }
    return value(a.shape, out, [a, weight, bias], (dy) => {
      const [da, dw, db] = [gradOf(a), gradOf(weight), gradOf(bias)];
      for (let at = 0; at < out.length; at += width) {
        let [g, gh] = [0, 0];
        for (let i = 0; i < width; i++) {
          const d = dy[at + i]! * weight.data[i]!;
          g += d / width;
          gh += (d * normed[at + i]!) / width;
          dw[i]! += dy[at + i]! * normed[at + i]!;
          db[i]! += dy[at + i]!;
        }
        for (let i = 0; i < width; i++) {
          da[at + i]! += (dy[at + i]! * weight.data[i]! - g - normed[at + i]! * gh) * scales[at / width]!;
        }
      }
    });
  },

  embedding(table, ids) {
    const width = table.shape[1]!;
    const out = new Float64Array(ids.data.length * width);
    for (const [i, id] of ids.data.entries()) out.set(table.data.subarray(id * width, (id + 1) * width), i * width);
    return value([...ids.shape, width], out, [table], (dy) => {
      const dt = gradOf(table);
      for (const [i, id] of ids.data.entries())
        for (let c = 0; c < width; c++) dt[id * width + c]! += dy[i * width + c]!;
    });
  },

  dropout(a) {
    return a;
  },

  crossEntropy(logits, ids) {
    const width = logits.shape.at(-1)!;
    const rows = ids.data.length;
    const d = new Float64Array(logits.data.length);
    let loss = 0;
    for (let r = 0; r < rows; r++) {
      const row = logits.data.subarray(r * width, (r + 1) * width);
      const most = largest(row);
      let total = 0;
      for (let i = 0; i < width; i++) total += Math.exp(row[i]! - most);
      loss += (most + Math.log(total) - row[ids.data[r]!]!) / rows;
      for (let i = 0; i < width; i++) d[r * width + i] = Math.exp(row[i]! - most) / total / rows;
      d[r * width + ids.data[r]!]! -= 1 / rows;
    }
    return value([], Float64Array.of(loss), [logits], (dy) => {
      const dl = gradOf(logits);
      for (let i = 0; i < d.length; i++) dl[i]! += d[i]! * dy[0]!;
    });
  },
};
