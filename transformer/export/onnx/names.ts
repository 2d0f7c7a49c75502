import type { KeysAndValues } from './attention.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { Build } from './layers.ts';

/**
 * Inputs and outputs of the graphs. Names and layouts are those of Hugging Face Optimum's exports, which deployers know,
 * but for `memory`, PyTorch's word for what an encoder gives.
 */
export const sourceIds = (g: GraphBuilder): Value =>
  g.input('input_ids', 'int64', ['batch', 'source'], 'source tokens, the end mark behind each sentence');

export const sourceMask = (g: GraphBuilder, name: 'attention_mask' | 'encoder_attention_mask'): Value =>
  g.input(name, 'int64', ['batch', 'source'], 'of the source: 1 for a token, 0 for padding');

export const targetIds = (g: GraphBuilder, doc: string): Value =>
  g.input('input_ids', 'int64', ['batch', 'target'], doc);

export const memoryInput = ({ g, config }: Build): Value =>
  g.input('memory', 'float32', ['batch', 'source', config.dModel], 'what the encoder made of the source');

/** Whose keys and values: of the target so far, or of the source. */
type Side = 'decoder' | 'encoder';

const ofSide: Readonly<Record<Side, string>> = { decoder: 'of the target so far', encoder: 'of the source' };
const lengthOf: Readonly<Record<Side, string>> = { decoder: 'past', encoder: 'source' };

/** Keys and values of decoder layer `layer` as inputs. */
export function pastInputs({ g, config }: Build, layer: number, side: Side): KeysAndValues {
  const { heads, dModel } = config;
  const input = (part: 'key' | 'value'): Value => {
    const shape = ['batch', heads, lengthOf[side], dModel / heads];
    const doc = `${part}s ${ofSide[side]}, for decoder layer ${layer}`;
    return g.input(`past_key_values.${layer}.${side}.${part}`, 'float32', shape, doc);
  };
  return { keys: input('key'), values: input('value') };
}

/** The same as outputs. */
export function presentOutputs({ g, config }: Build, layer: number, side: Side, made: KeysAndValues): void {
  const { heads, dModel } = config;
  const length = side === 'decoder' ? 'past + target' : 'source';
  for (const [part, value] of [
    ['key', made.keys],
    ['value', made.values],
  ] as const) {
    const doc = `${part}s ${ofSide[side]}, for decoder layer ${layer}`;
    g.output(`present.${layer}.${side}.${part}`, value, ['batch', heads, length, dModel / heads], doc);
  }
}

export const logitsOutput = ({ g, config }: Build, value: Value): void =>
  g.output('logits', value, ['batch', 'target', config.tgtVocab], 'scores of the token behind each place');
