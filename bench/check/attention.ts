import type { OpCase } from '../suite/case.ts';
import type { Values } from '../suite/inputs.ts';
import { difference, type Outputs, type Tolerance } from './compare.ts';

/** Up to this length every row is computed; beyond, every row is looked at and some are computed. */
const WHOLE = 512;
/** Weights are small where there are many: sums of thousands of products in float32. */
const TOLERANCE: Tolerance = { own: 2e-3, typical: 1e-3 };

interface Head {
  readonly q: Values;
  readonly k: Values;
  readonly v: Values;
  readonly length: number;
  readonly width: number;
  readonly scale: number;
  readonly causal: boolean;
}

/** Row i of softmax(q·kᵀ·scale), and its sum before it was divided, as a logarithm. */
function weights({ q, k, length, width, scale, causal }: Head, i: number): { p: Float64Array; lse: number } {
  const p = new Float64Array(length);
  const seen = causal ? i + 1 : length;
  let most = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < seen; j++) {
    let s = 0;
    for (let c = 0; c < width; c++) s += q[i * width + c]! * k[j * width + c]!;
    p[j] = s * scale;
    most = Math.max(most, p[j]!);
  }
  let total = 0;
  for (let j = 0; j < seen; j++) total += p[j] = Math.exp(p[j]! - most);
  for (let j = 0; j < seen; j++) p[j]! /= total;
  return { p, lse: most + Math.log(total) };
}

/** p · v */
function mix(p: Float64Array, v: Values, width: number): Float64Array {
  const out = new Float64Array(width);
  for (let j = 0; j < p.length; j++) {
    if (p[j] !== 0) for (let c = 0; c < width; c++) out[c]! += p[j]! * v[j * width + c]!;
  }
  return out;
}

/** Of a long sequence: both ends, the middle of tiles and their borders. */
function places(length: number): number[] {
  if (length <= WHOLE) return Array.from({ length }, (_, i) => i);
  const some = [0, 1, 31, 32, 63, 64, 65, 127, 128, length - 65, length - 64, length - 2, length - 1];
  for (let i = 1; i < 12; i++) some.push(Math.floor((i * length) / 12) + (i % 3));
  return some;
}

/** Nothing that is all zeros, equal to its neighbour, or no number: what was never written looks like that. */
function unwritten(name: string, got: ArrayLike<number>, width: number): string | null {
  for (let at = 0; at < got.length; at += width) {
    let [zeros, same] = [0, 0];
    for (let c = 0; c < width; c++) {
      const value = got[at + c]!;
      if (!Number.isFinite(value)) return `${name}[${at + c}] is ${value}`;
      if (value === 0) zeros++;
      if (at > 0 && value === got[at - width + c]) same++;
    }
    if (zeros === width || same === width) return `row ${at / width} of ${name} was never written`;
  }
  return null;
}

/**
 * Attention and its gradients. Short sequences are held against the formula number by number; of long ones every row is
 * looked at, and some of each head are computed: those of k and v need the weights of all rows, so one head has them.
 * The reference is computed once, when it is first asked for.
 */
export function attentionChecker(c: OpCase, inputs: Readonly<Record<string, Values>>): (got: Outputs) => string | null {
  const [batch, heads, length, width] = c.inputs['q']!.shape as [number, number, number, number];
  const { isCausal: causal = false, scale } = c.attrs as { isCausal?: boolean; scale: number };
  const [count, size] = [batch * heads, length * width];
  const names = c.gradient === undefined ? ['output'] : ['output', 'd q', 'd k', 'd v'];
  const rows = places(length);
  const ofHead = (h: number): Record<string, Float64Array> => {
    const part = (x: Values): Values => x.subarray(h * size, (h + 1) * size);
    const [q, k, v] = [part(inputs['q']!), part(inputs['k']!), part(inputs['v']!)];
    const head = { q, k, v, length, width, scale, causal };
    if (c.gradient !== undefined) return gradients(head, part(inputs['dy']!), rows, length <= WHOLE || h === count - 1);
    return { output: flat(rows.map((i) => mix(weights(head, i).p, v, width))) };
  };
  const known: Record<string, Float64Array>[] = [];
  return (got) => {
    for (const name of names) {
      const values = got[name];
      if (values?.length !== count * size) return `${name} has ${values?.length} numbers, expected ${count * size}`;
      // causal: the first query sees one key alone, so its gradient is 0
      const problem = unwritten(name, values, causal && name === 'd q' ? size : width);
      if (problem !== null) return problem;
    }
    for (let h = 0; h < count; h++) {
      const want = (known[h] ??= ofHead(h));
      for (const [name, expected] of Object.entries(want)) {
        const taken = new Float64Array(expected.length);
        for (const [at, i] of rows.entries()) {
          for (let x = 0; x < width; x++) taken[at * width + x] = got[name]![h * size + i * width + x]!;
        }
        const problem = difference(`${name} of head ${h}`, taken, expected, TOLERANCE);
        if (problem !== null) return problem;
      }
    }
    return null;
  };
}

const flat = (rows: readonly Float64Array[]): Float64Array => {
  const width = rows[0]!.length;
  const out = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(row, i * width);
  return out;
};

/** With D = dy·y: ds = p·(dy·vᵀ − D)·scale; dq = ds·k, dk = dsᵀ·q, dv = pᵀ·dy; the last two only where `all` rows are gone through. */
function gradients(head: Head, dy: Values, rows: readonly number[], all: boolean): Record<string, Float64Array> {
  const { q, k, v, length, width, scale } = head;
  const output: Float64Array[] = [];
  const dq: Float64Array[] = [];
  const dk = rows.map(() => new Float64Array(width));
  const dv = rows.map(() => new Float64Array(width));
  const wanted = new Set(rows);
  for (let i = 0; i < length; i++) {
    if (!all && !wanted.has(i)) continue;
    const { p } = weights(head, i);
    const y = mix(p, v, width);
    let dot = 0;
    for (let c = 0; c < width; c++) dot += dy[i * width + c]! * y[c]!;
    const ds = (j: number): number => {
      let dp = 0;
      for (let c = 0; c < width; c++) dp += dy[i * width + c]! * v[j * width + c]!;
      return p[j]! * (dp - dot) * scale;
    };
    if (all) {
      for (const [at, j] of rows.entries()) {
        const d = ds(j);
        for (let c = 0; c < width; c++) {
          dk[at]![c]! += d * q[i * width + c]!;
          dv[at]![c]! += p[j]! * dy[i * width + c]!;
        }
      }
    }
    if (wanted.has(i)) {
      output.push(y);
      const row = new Float64Array(width);
      for (let j = 0; j < length; j++) {
        const d = ds(j);
        for (let c = 0; c < width; c++) row[c]! += d * k[j * width + c]!;
      }
      dq.push(row);
    }
  }
  // rows that were wanted come in order; those of `places` may not
  const order = [...wanted].sort((a, b) => a - b);
  const inOrder = (list: readonly Float64Array[]): Float64Array => flat(rows.map((i) => list[order.indexOf(i)]!));
  return { output: inOrder(output), 'd q': inOrder(dq), ...(all && { 'd k': flat(dk), 'd v': flat(dv) }) };
}
