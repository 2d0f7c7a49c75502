import type { StateDict } from '../../../engine/index.ts';
import { attend, memoryProjections, type SelfAttention, selfProjections, sourceBias } from './attention.ts';
import { embed } from './embedding.ts';
import { GraphBuilder, type Value } from './graph.ts';
import { type Build, feedForward, residual, stack } from './layers.ts';
import { presentOutputs, sourceIds, sourceMask } from './names.ts';
import { placesOf, turnsOf } from './positions.ts';
import type { OnnxGraph } from './proto.ts';

const DOC =
  'Encoder of a heddle Transformer: source tokens to memory, and the keys and values that the decoder layers make of ' +
  'memory, which decoder_with_past.onnx takes.';

/** encoder.onnx: input_ids, attention_mask → memory, present.N.encoder.key, present.N.encoder.value */
export function encoderGraph(config: Build['config'], state: StateDict): OnnxGraph {
  const g = new GraphBuilder('encoder', DOC, state);
  const build = { g, config };
  const ids = sourceIds(g);
  const bias = sourceBias(g, sourceMask(g, 'attention_mask'));
  const places = placesOf(g, ids, null).queries;
  const own = { bias, turns: turnsOf(build, places) };
  const memory = stack(build, 'encoder', embed(build, 'src', ids, places), (y) => encoderLayer(build, y, own));
  g.output('memory', memory, ['batch', 'source', config.dModel], 'what the encoder made of the source');
  for (let layer = 0; layer < config.layers; layer++) {
    const made = g.within(`decoder.layers.${layer}.multihead_attn`, () => memoryProjections(build, memory));
    presentOutputs(build, layer, 'encoder', made);
  }
  return g.finish();
}

/** Self-attention, then the feed-forward network: [batch, S, d] → [batch, S, d] */
function encoderLayer(build: Build, x: Value, { bias, turns }: SelfAttention): Value {
  const attended = residual(build, 'norm1', x, (y) =>
    build.g.within('self_attn', () => {
      const { query, ...own } = selfProjections(build, y, turns);
      return attend(build, query, own, bias);
    }),
  );
  return residual(build, 'norm2', attended, (y) => feedForward(build, y));
}
