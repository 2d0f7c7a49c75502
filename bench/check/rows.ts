/** Gradients of what works row by row, in float64 and straight from the formulas. */
import type { OpCase } from '../suite/case.ts';
import type { Values } from '../suite/inputs.ts';
import { largest } from './compare.ts';

type Inputs = Readonly<Record<string, Values>>;
type Results = Record<string, Float64Array>;

const EPS = 1e-5;

/** d x = y · (dy − Σ dy·y) */
function softmax({ x, dy }: Inputs, width: number): Results {
  const [output, dx] = [new Float64Array(x!.length), new Float64Array(x!.length)];
  for (let at = 0; at < x!.length; at += width) {
    const row = x!.subarray(at, at + width);
    const most = largest(row);
    let total = 0;
    for (let i = 0; i < width; i++) total += output[at + i] = Math.exp(row[i]! - most);
    let dot = 0;
    for (let i = 0; i < width; i++) dot += (output[at + i]! /= total) * dy![at + i]!;
    for (let i = 0; i < width; i++) dx[at + i] = output[at + i]! * (dy![at + i]! - dot);
  }
  return { output, 'd x': dx };
}

/** With h = (x − mean)/σ and g = dy·weight: d x = (g − mean g − h · mean(g·h))/σ; d weight = Σ dy·h; d bias = Σ dy */
function layerNorm({ x, weight, bias, dy }: Inputs, width: number): Results {
  const [output, dx] = [new Float64Array(x!.length), new Float64Array(x!.length)];
  const [dw, db] = [new Float64Array(width), new Float64Array(width)];
  for (let at = 0; at < x!.length; at += width) {
    let [mean, variance, g, gh] = [0, 0, 0, 0];
    for (let i = 0; i < width; i++) mean += x![at + i]! / width;
    for (let i = 0; i < width; i++) variance += (x![at + i]! - mean) ** 2 / width;
    const scale = 1 / Math.sqrt(variance + EPS);
    for (let i = 0; i < width; i++) {
      const h = (x![at + i]! - mean) * scale;
      output[at + i] = h * weight![i]! + bias![i]!;
      g += (dy![at + i]! * weight![i]!) / width;
      gh += (dy![at + i]! * weight![i]! * h) / width;
      dw[i]! += dy![at + i]! * h;
      db[i]! += dy![at + i]!;
    }
    for (let i = 0; i < width; i++) {
      dx[at + i] = (dy![at + i]! * weight![i]! - g - (x![at + i]! - mean) * scale * gh) * scale;
    }
  }
  return { output, 'd x': dx, 'd weight': dw, 'd bias': db };
}

/** Mean of −log softmax at the target; d logits = dy · (softmax − 1 at the target)/rows */
function crossEntropy({ logits, target, dy }: Inputs, width: number): Results {
  const d = new Float64Array(logits!.length);
  const rows = target!.length;
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    const row = logits!.subarray(r * width, (r + 1) * width);
    const most = largest(row);
    let total = 0;
    for (let i = 0; i < width; i++) total += Math.exp(row[i]! - most);
    loss += (most + Math.log(total) - row[target![r]!]!) / rows;
    const factor = dy![0]! / rows;
    for (let i = 0; i < width; i++) d[r * width + i] = (Math.exp(row[i]! - most) / total) * factor;
    d[r * width + target![r]!]! -= factor;
  }
  return { output: Float64Array.of(loss), 'd logits': d };
}

/** Φ(x) by a sum for small and a continued fraction for large |x|. */
function normalBelow(x: number): number {
  const a = Math.abs(x);
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  if (a < 4) {
    let [sum, term] = [a, a];
    for (let n = 3; Math.abs(term) > 1e-17 * sum; n += 2) sum += term *= (a * a) / n;
    const p = density * sum;
    return x < 0 ? 0.5 - p : 0.5 + p;
  }
  let fraction = 0;
  for (let n = 40; n > 0; n--) fraction = n / (a + fraction);
  const tail = density / (a + fraction);
  return x < 0 ? tail : 1 - tail;
}

/** x·Φ(x); d x = dy · (Φ(x) + x·φ(x)) */
function gelu({ x, dy }: Inputs): Results {
  const [output, dx] = [new Float64Array(x!.length), new Float64Array(x!.length)];
  for (let i = 0; i < x!.length; i++) {
    const v = x![i]!;
    const below = normalBelow(v);
    output[i] = v * below;
    dx[i] = dy![i]! * (below + (v * Math.exp((-v * v) / 2)) / Math.sqrt(2 * Math.PI));
  }
  return { output, 'd x': dx };
}

const GRADIENTS: Readonly<Record<string, (inputs: Inputs, width: number) => Results>> = {
  softmax,
  layerNorm,
  crossEntropy,
  gelu,
};

/** Output and gradients of a case, or null where there is no formula here. */
export function gradientReference(c: OpCase, inputs: Inputs): Results | null {
  const width = Object.values(c.inputs)[0]!.shape.at(-1)!;
  return GRADIENTS[c.op]?.(inputs, width) ?? null;
}
