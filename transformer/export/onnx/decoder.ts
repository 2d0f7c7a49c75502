import type { StateDict } from '../../../engine/index.ts';
import {
  attend,
  type KeysAndValues,
  memoryProjections,
  queryProjection,
  type SelfAttention,
  selfProjections,
  sourceBias,
  targetBias,
} from './attention.ts';
import { embed, scores } from './embedding.ts';
import { GraphBuilder, type Value } from './graph.ts';
import { type Build, feedForward, residual, stack } from './layers.ts';
import { logitsOutput, memoryInput, pastInputs, presentOutputs, sourceMask, targetIds } from './names.ts';
import { placesOf, sizeAlong, turnsOf } from './positions.ts';
import type { OnnxGraph } from './proto.ts';

const DOC = 'Decoder of a heddle Transformer: all target tokens so far and memory to scores of the next ones.';
const DOC_PAST =
  'Decoder of a heddle Transformer with a cache: new target tokens, and the keys and values of earlier ones and of the ' +
  'source, to scores of the next ones.';

/** decoder.onnx: input_ids, memory, encoder_attention_mask → logits */
export function decoderGraph(config: Build['config'], state: StateDict): OnnxGraph {
  const g = new GraphBuilder('decoder', DOC, state);
  const build = { g, config };
  const { padId } = config;
  const ids = targetIds(g, `target tokens from the start mark on; ${padId} is padding`);
  const memory = memoryInput(build);
  const memoryBias = sourceBias(g, sourceMask(g, 'encoder_attention_mask'));
  const places = placesOf(g, ids, null);
  const own = { bias: targetBias(g, places, { ids, padId }), turns: turnsOf(build, places.queries) };
  const x = embed(build, 'tgt', ids, places.queries);
  const y = stack(build, 'decoder', x, (z) =>
    decoderLayer(
      build,
      z,
      own,
      memoryBias,
      (made) => made,
      () => memoryProjections(build, memory),
    ),
  );
  logitsOutput(build, scores(build, y));
  return g.finish();
}

/**
 * decoder_with_past.onnx: input_ids, encoder_attention_mask, past_key_values.… → logits, present.N.decoder.…
 *
 * The past may be empty, so that this graph alone decodes from the start. Tokens of the past all count: a row that has
 * ended can be fed anything, and what it says be left aside.
 */
export function decoderWithPastGraph(config: Build['config'], state: StateDict): OnnxGraph {
  const g = new GraphBuilder('decoder_with_past', DOC_PAST, state);
  const build = { g, config };
  const ids = targetIds(g, 'new target tokens, first of all the start mark');
  const memoryBias = sourceBias(g, sourceMask(g, 'encoder_attention_mask'));
  const layers = Array.from({ length: config.layers }, (_, i) => {
    return { written: pastInputs(build, i, 'decoder'), read: pastInputs(build, i, 'encoder') };
  });
  const places = placesOf(g, ids, sizeAlong(g, 'past', layers[0]!.written.keys, 2));
  const own = { bias: targetBias(g, places), turns: turnsOf(build, places.queries) };
  const x = embed(build, 'tgt', ids, places.queries);
  const presents: KeysAndValues[] = [];
  const y = stack(build, 'decoder', x, (z, i) => {
    const { written, read } = layers[i]!;
    const remember = (made: KeysAndValues): KeysAndValues => (presents[i] = joined(g, written, made));
    return decoderLayer(build, z, own, memoryBias, remember, () => read);
  });
  logitsOutput(build, scores(build, y));
  for (const [i, present] of presents.entries()) presentOutputs(build, i, 'decoder', present);
  return g.finish();
}

/** Earlier keys and values with the new ones behind them. */
const joined = (g: GraphBuilder, past: KeysAndValues, own: KeysAndValues): KeysAndValues => ({
  keys: g.node('Concat', 'keys', [past.keys, own.keys], { axis: 2 }),
  values: g.node('Concat', 'values', [past.values, own.values], { axis: 2 }),
});

/**
 * Masked self-attention, attention over the encoder's output, the feed-forward network: [batch, L, d] → [batch, L, d].
 * `remember` makes what the tokens look at of their own keys and values; `read` gives those of the source.
 */
function decoderLayer(
  build: Build,
  x: Value,
  { bias, turns }: SelfAttention,
  memoryBias: Value,
  remember: (made: KeysAndValues) => KeysAndValues,
  read: () => KeysAndValues,
): Value {
  const { g } = build;
  const self = residual(build, 'norm1', x, (y) =>
    g.within('self_attn', () => {
      const { query, ...made } = selfProjections(build, y, turns);
      return attend(build, query, remember(made), bias);
    }),
  );
  const cross = residual(build, 'norm2', self, (y) =>
    g.within('multihead_attn', () => attend(build, queryProjection(build, y), read(), memoryBias)),
  );
  return residual(build, 'norm3', cross, (y) => feedForward(build, y));
}
