import type { HostTensor } from '../../engine/index.ts';
import type { TransformerConfig } from '../../transformer/index.ts';

/**
 * The Transformer in float64, one number after another, straight from the papers: what models are held against. It
 * takes parameters by their names in checkpoints, and shares no code with what it checks.
 */

type Row = number[];
type Rows = readonly Row[];
export type Values = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

/** A state dict in float64. */
export const inFloat64 = (state: Readonly<Record<string, HostTensor>>): Values =>
  Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
  );

const sum = (row: Row): number => row.reduce((a, b) => a + b, 0);
const mean = (row: Row): number => sum(row) / row.length;
const plus = (a: Row, b: Row): Row => a.map((v, i) => v + b[i]!);

/** 2/√π · Σ (−1)ⁿ x^(2n+1) / (n! (2n+1)): enough for |x| < 5. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

type Settings = Pick<
  Required<TransformerConfig>,
  'dModel' | 'heads' | 'layers' | 'activation' | 'norm' | 'normFirst' | 'positions' | 'padId'
>;

export class PlainTransformer {
  readonly values: Values;
  readonly settings: Settings;

  constructor(values: Values, settings: Settings) {
    this.values = values;
    this.settings = settings;
  }

  /** Scores of the next token at each place of `target`: [L][vocabulary]. */
  scores(source: readonly number[], target: readonly number[]): Row[] {
    const hiddenSource = source.map((id) => id === this.settings.padId);
    const hiddenTarget = target.map((id) => id === this.settings.padId);
    const memory = this.stack('transformer.encoder', this.input('src_embed', source), (x, layer) => {
      const y = this.residual(x, `${layer}.norm1`, (z) =>
        this.attention(`${layer}.self_attn`, z, z, (_i, j) => hiddenSource[j]!, true),
      );
      return this.residual(y, `${layer}.norm2`, (z) => this.feedForward(layer, z));
    });
    const state = this.stack('transformer.decoder', this.input('tgt_embed', target), (x, layer) => {
      const own = this.residual(x, `${layer}.norm1`, (z) =>
        this.attention(`${layer}.self_attn`, z, z, (i, j) => j > i || hiddenTarget[j]!, true),
      );
      const cross = this.residual(own, `${layer}.norm2`, (z) =>
        this.attention(`${layer}.multihead_attn`, z, memory, (_i, j) => hiddenSource[j]!, false),
      );
      return this.residual(cross, `${layer}.norm3`, (z) => this.feedForward(layer, z));
    });
    return this.linear('generator', state);
  }

  /** Scores of a language model at each place: [L][vocabulary]. */
  continuations(tokens: readonly number[]): Row[] {
    return this.linear('generator', this.read('decoder', tokens, true));
  }

  /** States of an encoder by itself: [S][d]. */
  states(tokens: readonly number[]): Rows {
    return this.read('encoder', tokens, false);
  }

  /** Scores of each class, from the mean of the states of what is not padding. */
  classes(tokens: readonly number[]): Row {
    const states = this.states(tokens).filter((_, i) => tokens[i] !== this.settings.padId);
    const pooled = states[0]!.map((_, c) => mean(states.map((row) => row[c]!)));
    return this.linear('classifier', [pooled])[0]!;
  }

  /** One stack with an embedding of its own. */
  private read(name: string, tokens: readonly number[], causal: boolean): Rows {
    const hidden = tokens.map((id) => id === this.settings.padId);
    return this.stack(name, this.input('embed', tokens), (x, layer) => {
      const y = this.residual(x, `${layer}.norm1`, (z) =>
        this.attention(`${layer}.self_attn`, z, z, (i, j) => (causal && j > i) || hidden[j]!, true),
      );
      return this.residual(y, `${layer}.norm2`, (z) => this.feedForward(layer, z));
    });
  }

  private row(name: string, i: number): Row {
    const { shape, data } = this.values[name]!;
    const n = shape[1] ?? 1;
    return Array.from(data.subarray(i * n, (i + 1) * n));
  }

  private vector(name: string): Row {
    return Array.from(this.values[name]!.data);
  }

  /** √d·E[token] + position. */
  private input(name: string, tokens: readonly number[]): Rows {
    const { dModel: d, positions } = this.settings;
    return tokens.map((id, p) => {
      const x = this.row(`${name}.weight`, id).map((v) => v * Math.sqrt(d));
      if (positions === 'rotary') return x;
      if (positions === 'learned') return plus(x, this.row(`${name}.positions`, p));
      return x.map((v, c) => {
        const angle = p / 10000 ** ((c - (c % 2)) / d);
        return v + (c % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
      });
    });
  }

  private stack(name: string, x: Rows, layer: (x: Rows, name: string) => Rows): Rows {
    let state = x;
    for (let n = 0; n < this.settings.layers; n++) state = layer(state, `${name}.layers.${n}`);
    return this.norm(`${name}.norm`, state);
  }

  private residual(x: Rows, norm: string, part: (x: Rows) => Rows): Rows {
    const added = (y: Rows): Row[] => x.map((row, i) => plus(row, y[i]!));
    return this.settings.normFirst ? added(part(this.norm(norm, x))) : this.norm(norm, added(part(x)));
  }

  private norm(name: string, x: Rows): Row[] {
    const weight = this.vector(`${name}.weight`);
    if (this.settings.norm === 'rms') {
      return x.map((row) => {
        const scale = 1 / Math.sqrt(mean(row.map((v) => v * v)) + 1e-5);
        return row.map((v, i) => v * scale * weight[i]!);
      });
    }
    const bias = this.vector(`${name}.bias`);
    return x.map((row) => {
      const centre = mean(row);
      const scale = 1 / Math.sqrt(mean(row.map((v) => (v - centre) ** 2)) + 1e-5);
      return row.map((v, i) => (v - centre) * scale * weight[i]! + bias[i]!);
    });
  }

  private linear(name: string, x: Rows): Row[] {
    return this.product(x, `${name}.weight`, `${name}.bias`, 0, this.values[`${name}.weight`]!.shape[0]!);
  }

  /** Rows `from` to `to` of a matrix and its bias on each row of x. */
  private product(x: Rows, weight: string, bias: string, from: number, to: number): Row[] {
    const b = this.vector(bias);
    const rows = Array.from({ length: to - from }, (_, i) => this.row(weight, from + i));
    return x.map((v) => rows.map((w, i) => sum(w.map((a, c) => a * v[c]!)) + b[from + i]!));
  }

  private attention(
    name: string,
    x: Rows,
    memory: Rows,
    hidden: (i: number, j: number) => boolean,
    self: boolean,
  ): Row[] {
    const { dModel: d, heads, positions } = this.settings;
    const size = d / heads;
    const [weight, bias] = [`${name}.in_proj_weight`, `${name}.in_proj_bias`];
    const part = (rows: Rows, k: number): Row[] => this.product(rows, weight, bias, k * d, (k + 1) * d);
    const turn = (rows: Row[]): Row[] =>
      self && positions === 'rotary' ? rows.map((r, p) => turned(r, p, size)) : rows;
    const [q, k, v] = [turn(part(x, 0)), turn(part(memory, 1)), part(memory, 2)];
    const joined = q.map((query, i) => {
      const out = new Array<number>(d).fill(0);
      for (let h = 0; h < heads; h++) {
        const scores = k.map((key, j) => {
          if (hidden(i, j)) return Number.NEGATIVE_INFINITY;
          let dot = 0;
          for (let c = h * size; c < (h + 1) * size; c++) dot += query[c]! * key[c]!;
          return dot / Math.sqrt(size);
        });
        const powers = scores.map((s) => Math.exp(s - Math.max(...scores)));
        const total = sum(powers);
        for (let c = h * size; c < (h + 1) * size; c++) out[c] = sum(powers.map((w, j) => (w / total) * v[j]![c]!));
      }
      return out;
    });
    return this.linear(`${name}.out_proj`, joined);
  }

  private feedForward(layer: string, x: Rows): Row[] {
    const y = this.linear(`${layer}.linear1`, x);
    const { activation } = this.settings;
    const gate = activation === 'swiglu' ? this.linear(`${layer}.linear_gate`, x) : null;
    const hidden = y.map((row, i) =>
      row.map((v, c) => {
        if (gate !== null) return (v * gate[i]![c]!) / (1 + Math.exp(-gate[i]![c]!));
        return activation === 'relu' ? Math.max(0, v) : (v / 2) * (1 + erf(v / Math.SQRT2));
      }),
    );
    return this.linear(`${layer}.linear2`, hidden);
  }
}

/** Every two neighbours within a head as a complex number, times e^(i·p·θ). */
function turned(row: Row, p: number, size: number): Row {
  return row.map((v, c) => {
    const within = c % size;
    const angle = p * 10000 ** (-(within - (within % 2)) / size);
    return within % 2 === 0
      ? v * Math.cos(angle) - row[c + 1]! * Math.sin(angle)
      : v * Math.cos(angle) + row[c - 1]! * Math.sin(angle);
  });
}
