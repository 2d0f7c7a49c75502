import { type Both, say } from '../language/language.ts';
import type { TransformerConfig } from './transformer.ts';

/** What a model is made of, beside its sizes. */
export type Structure = Required<
  Pick<
    TransformerConfig,
    'activation' | 'norm' | 'normFirst' | 'positions' | 'maxLength' | 'sharedEmbeddings' | 'tiedOutput'
  >
>;

const ACTIVATION = { relu: 'ReLU', gelu: 'GELU', swiglu: 'SwiGLU' } as const;
const NORM = { layer: 'LayerNorm', rms: 'RMSNorm' } as const;

/** The choices of a model in one line: `pre-norm, RMSNorm, SwiGLU, rotary positions, tied output`. */
export function structureOf(config: Structure): Both<string> {
  const { positions, maxLength } = config;
  const parts: Both<string>[] = [
    config.normFirst ? say('pre-norm', '前置归一化') : say('post-norm', '后置归一化'),
    say(NORM[config.norm], NORM[config.norm]),
    say(ACTIVATION[config.activation], ACTIVATION[config.activation]),
    {
      sinusoidal: say('sinusoidal positions', '正弦位置'),
      learned: say(`${maxLength} learned positions`, `${maxLength} 个学习式位置`),
      rotary: say('rotary positions', '旋转位置'),
    }[positions],
  ];
  if (config.sharedEmbeddings) parts.push(say('shared embeddings', '共用嵌入'));
  if (config.tiedOutput) parts.push(say('tied output', '输出与嵌入共用权重'));
  return say(parts.map(({ en }) => en).join(', '), parts.map(({ zh }) => zh).join('，'));
}
