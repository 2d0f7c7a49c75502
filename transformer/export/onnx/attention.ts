import type { GraphBuilder, Value } from './graph.ts';
import { type Build, linear, product, weightName } from './layers.ts';
import { type Places, type Turns, turn } from './positions.ts';

/** Keys and values of an attention by heads: [batch, heads, S, dModel/heads]. */
export interface KeysAndValues {
  readonly keys: Value;
  readonly values: Value;
}

/** What all self-attention of a stack shares: the mask, and rotary positions. */
export interface SelfAttention {
  readonly bias: Value;
  readonly turns: Turns | null;
}

/** Scores of what may not be seen: far below any other, and finite, so that no row of them becomes NaN. */
const HIDDEN = -3e38;

/**
 * softmax(q·kᵀ/√(d/heads) + bias)·v and the output projection: → [batch, L, d]. `bias` is 0 where a key may be seen. A
 * query that may see nothing gets the mean of all values; heddle gives it zero.
 */
export function attend({ g, config }: Build, query: Value, { keys, values }: KeysAndValues, bias: Value): Value {
  const { dModel, heads } = config;
  const scaled = g.node('Mul', 'query.scaled', [query, g.float((dModel / heads) ** -0.5)]);
  const across = g.node('Transpose', 'keys.across', [keys], { perm: [0, 1, 3, 2] });
  const scores = g.node('MatMul', 'scores', [scaled, across], {}, 'q·kᵀ/√(d/heads): [batch, heads, queries, keys]');
  const masked = g.node('Add', 'scores.masked', [scores, bias]);
  const weights = g.node('Softmax', 'weights', [masked], { axis: -1 }, 'how much each query looks at each key');
  const heard = g.node('MatMul', 'heads', [weights, values], {}, 'what each head heard');
  const rows = g.node('Transpose', 'heads.rows', [heard], { perm: [0, 2, 1, 3] });
  const joined = g.node('Reshape', 'heads.joined', [rows, g.integers([0, 0, dModel])]);
  return linear(g, 'out_proj', joined);
}

/** Query, keys and values that x gives of itself, query and keys turned where positions are rotary. */
export function selfProjections(build: Build, x: Value, turns: Turns | null): { query: Value } & KeysAndValues {
  const [query, keys, values] = projections(build, x, ['query', 'key', 'value'], turns);
  return { query: query!, keys: keys!, values: values! };
}

/** The query alone. Source and target count their places apart: nothing is turned between them. */
export const queryProjection = (build: Build, x: Value): Value => projections(build, x, ['query'], null)[0]!;

/** Keys and values of `memory` [batch, S, d]. */
export function memoryProjections(build: Build, memory: Value): KeysAndValues {
  const [keys, values] = projections(build, memory, ['key', 'value'], null);
  return { keys: keys!, values: values! };
}

type Part = 'query' | 'key' | 'value';
const ORDER: readonly Part[] = ['query', 'key', 'value'];

/** Neighbouring parts of in_proj in one product, by heads: [batch, L, d] → each [batch, heads, L, d/heads]. */
function projections(build: Build, x: Value, parts: readonly Part[], turns: Turns | null): Value[] {
  const { g, config } = build;
  const { dModel, heads } = config;
  const names = [weightName(g, 'in_proj_weight'), weightName(g, 'in_proj_bias')] as const;
  const from = ORDER.indexOf(parts[0]!) * dModel;
  const rows = { from, count: parts.length * dModel, name: parts.join('_') };
  const y = product(g, 'in_proj', x, names, parts.length === ORDER.length ? undefined : rows);
  const cut = parts.length === 1 ? [y] : g.nodes('Split', 'in_proj.split', [y], parts, { axis: -1 });
  return cut.map((value, i) => {
    const part = parts[i]!;
    const split =
      turns === null || part === 'value'
        ? g.node('Reshape', `${part}.split`, [value, g.integers([0, 0, heads, dModel / heads])])
        : turn(build, part, value, turns);
    return g.node('Transpose', part, [split], { perm: [0, 2, 1, 3] });
  });
}

/** What is added to scores so that padding is not seen: `mask` int64 [batch, S], 0 at padding → [batch, 1, 1, S]. */
export const sourceBias = (g: GraphBuilder, mask: Value): Value =>
  g.within('source_mask', () => {
    const hidden = g.node('Equal', 'hidden', [mask, g.integer(0)]);
    return biasOf(g, g.node('Unsqueeze', 'spread', [hidden, g.integers([1, 2])]));
  });

/**
 * What is added to scores so that nothing later is seen, nor padding: tokens with `padId` in `ids` [batch, L].
 * → [batch, 1, L, keys], or [L, keys] without `ids`
 */
export const targetBias = (g: GraphBuilder, { queries, keys }: Places, ids?: { ids: Value; padId: number }): Value =>
  g.within('target_mask', () => {
    const column = g.node('Unsqueeze', 'queries', [queries, g.integers([1])]);
    const later = g.node('Less', 'later', [column, keys]);
    if (ids === undefined) return biasOf(g, later);
    const padding = g.node('Equal', 'padding', [ids.ids, g.integer(ids.padId)]);
    const spread = g.node('Unsqueeze', 'spread', [padding, g.integers([1, 2])]);
    return biasOf(g, g.node('Or', 'hidden', [spread, later]));
  });

const biasOf = (g: GraphBuilder, hidden: Value): Value =>
  g.node('Where', 'bias', [hidden, g.float(HIDDEN), g.float(0)], {}, 'added to scores: 0 where a key may be seen');
