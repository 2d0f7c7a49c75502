import type { GraphBuilder, Value } from './graph.ts';
import type { Build } from './layers.ts';

/** Places of tokens: int64 [n], and those of the keys they may look at. */
export interface Places {
  readonly queries: Value;
  readonly keys: Value;
}

/**
 * Places of the tokens of `ids` int64 [batch, L]: 0 … L − 1, or past … past + L − 1 where a cache holds `past` tokens
 * (an int64 scalar).
 */
export function placesOf(g: GraphBuilder, ids: Value, past: Value | null): Places {
  return g.within('places', () => {
    const length = sizeAlong(g, 'length', ids, 1);
    const [zero, one] = [g.integer(0), g.integer(1)];
    if (past === null) {
      const all = g.node('Range', 'range', [zero, length, one]);
      return { queries: all, keys: all };
    }
    const end = g.node('Add', 'end', [past, length]);
    return { queries: g.node('Range', 'queries', [past, end, one]), keys: g.node('Range', 'keys', [zero, end, one]) };
  });
}

/** The size of one dimension: int64 scalar. */
export function sizeAlong(g: GraphBuilder, label: string, x: Value, dim: number): Value {
  const size = g.node('Shape', `${label}.shape`, [x], { start: dim, end: dim + 1 });
  return g.node('Squeeze', label, [size, g.integers([0])]);
}

/**
 * cos and sin of place / 10000^(2i/dim), both [L, dim/2], for any place.
 *
 * Angles are counted in turns, and whole turns dropped before the sine: a float32 angle of a thousand has lost four
 * digits, and a graphics card may be wrong beyond ±π. Turns per place are split in two, `coarse` with 12 bits, so that
 * place · coarse is exact up to place 4096.
 */
export function angles(g: GraphBuilder, places: Value, dim: number): { cos: Value; sin: Value } {
  const coarse = new Float32Array(dim / 2);
  const fine = new Float32Array(dim / 2);
  for (let i = 0; i < dim / 2; i++) {
    const turns = Math.exp((-2 * i * Math.log(10000)) / dim) / (2 * Math.PI);
    coarse[i] = leadingBits(turns);
    fine[i] = turns - coarse[i]!;
  }
  return g.within('angles', () => {
    const float = g.node('Cast', 'places', [places], { to: 1 });
    const column = g.node('Unsqueeze', 'column', [float, g.integers([1])]);
    const most = g.node('Mul', 'turns', [column, g.floats(`positions.${dim}.turns`, coarse)]);
    const whole = g.node('Round', 'whole', [most]);
    const rest = g.node('Mul', 'rest', [column, g.floats(`positions.${dim}.rest`, fine)]);
    const part = g.node('Add', 'part', [g.node('Sub', 'fraction', [most, whole]), rest]);
    const angle = g.node('Mul', 'angle', [part, g.float(2 * Math.PI)]);
    return { cos: g.node('Cos', 'cos', [angle]), sin: g.node('Sin', 'sin', [angle]) };
  });
}

/** The first 12 bits of a number's significand. */
function leadingBits(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]! &= 0xfffff000;
  return new Float32Array(bits.buffer)[0]!;
}

/** Vaswani et al. 2017, section 3.5: sine at even places, cosine at odd ones: [L, dModel]. */
export function sinusoids(g: GraphBuilder, places: Value, dModel: number): Value {
  return g.within('positions', () => {
    const { cos, sin } = angles(g, places, dModel);
    const last = g.integers([2]);
    const pairs = g.node(
      'Concat',
      'pairs',
      [g.node('Unsqueeze', 'sines', [sin, last]), g.node('Unsqueeze', 'cosines', [cos, last])],
      { axis: 2 },
    );
    const shape = g.integers([0, dModel]);
    return g.node('Reshape', 'interleaved', [pairs, shape], {}, 'sinusoidal positions: sin and cos in turn');
  });
}

/** cos and sin of rotary positions: [L, 1, width/2, 1], where width is that of a head. */
export interface Turns {
  readonly cos: Value;
  readonly sin: Value;
}

/** The turns of rotary positions for these places; null for a model that has none. */
export function turnsOf({ g, config }: Build, places: Value): Turns | null {
  if (config.positions !== 'rotary') return null;
  return g.within('rotary', () => {
    const { cos, sin } = angles(g, places, config.dModel / config.heads);
    const spread = g.integers([1, 3]);
    return { cos: g.node('Unsqueeze', 'cos', [cos, spread]), sin: g.node('Unsqueeze', 'sin', [sin, spread]) };
  });
}

/**
 * Turns each pair of neighbours by its place (Su et al. 2021): [batch, L, d] → [batch, L, heads, d/heads] with
 * y₂ᵢ = x₂ᵢ·cos − x₂ᵢ₊₁·sin and y₂ᵢ₊₁ = x₂ᵢ·sin + x₂ᵢ₊₁·cos.
 */
export function turn({ g, config }: Build, label: string, x: Value, { cos, sin }: Turns): Value {
  const { dModel, heads } = config;
  const width = dModel / heads;
  return g.within(`${label}.rotary`, () => {
    const pairs = g.node('Reshape', 'pairs', [x, g.integers([0, 0, heads, width / 2, 2])]);
    const [even, odd] = g.nodes('Split', 'split', [pairs], ['even', 'odd'], { axis: -1 }) as [Value, Value];
    const times = (name: string, a: Value, b: Value): Value => g.node('Mul', name, [a, b]);
    const first = g.node('Sub', 'first', [times('even.cos', even, cos), times('odd.sin', odd, sin)]);
    const second = g.node('Add', 'second', [times('even.sin', even, sin), times('odd.cos', odd, cos)]);
    const turned = g.node('Concat', 'turned', [first, second], { axis: -1 });
    const shape = g.integers([0, 0, heads, width]);
    return g.node('Reshape', 'joined', [turned, shape], {}, 'rotary positions: pairs of neighbours, turned');
  });
}
