import type { Value } from './graph.ts';
import type { Build } from './layers.ts';
import { sinusoids } from './positions.ts';

/** The matrix of an embedding, as the checkpoint names it; one where they are shared, so that it is stored once. */
const matrix = ({ config }: Build, side: 'src' | 'tgt'): string =>
  config.sharedEmbeddings ? 'src_embed.weight' : `${side}_embed.weight`;

/** Embedding·√d + positions: ids int64 [batch, L], places int64 [L] → [batch, L, d] */
export function embed(build: Build, side: 'src' | 'tgt', ids: Value, places: Value): Value {
  const { g, config } = build;
  return g.within(`${side}_embed`, () => {
    const rows = g.node('Gather', 'rows', [g.weight(matrix(build, side)), ids]);
    const scaled = g.node('Mul', 'scaled', [rows, g.float(Math.sqrt(config.dModel))]);
    switch (config.positions) {
      case 'sinusoidal':
        return g.node('Add', 'placed', [scaled, sinusoids(g, places, config.dModel)]);
      case 'learned': {
        const learned = g.node('Gather', 'learned', [g.weight(`${side}_embed.positions`), places]);
        return g.node('Add', 'placed', [scaled, learned]);
      }
      case 'rotary':
        return scaled;
    }
  });
}

/** Scores of each target token: [batch, L, d] → [batch, L, tgtVocab] */
export function scores(build: Build, x: Value): Value {
  const { g, config } = build;
  return g.within('generator', () => {
    const weight = config.tiedOutput
      ? g.node('Transpose', 'tied', [g.weight(matrix(build, 'tgt'))], { perm: [1, 0] })
      : g.weight('generator.weight', { transposed: true });
    return g.node('Add', 'scores', [g.node('MatMul', 'matmul', [x, weight]), g.weight('generator.bias')]);
  });
}
