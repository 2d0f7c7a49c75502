import { say, tell } from '../../language/language.ts';

/** How `heddle train` is told what the model is made of. */
export const modelling = {
  helpWidth: say('width of the model, d_model (default: from the preset)', '模型宽度 d_model（默认由预设决定）'),
  helpHeads: say('heads of attention; they divide the width', '注意力头数，须整除宽度'),
  helpLayers: say('layers of the encoder, and of the decoder', '编码器的层数，解码器相同'),
  helpFeedForward: say('hidden values of the feed-forward networks', '前馈网络的隐藏层大小'),
  helpDropout: say('share of the values dropped in training', '训练时 dropout 的比率'),
  helpActivation: tell(
    (names: string) => `of the feed-forward networks: ${names} (default: relu)`,
    (names: string) => `前馈网络的激活函数：${names}（默认 relu）`,
  ),
  helpNorm: tell(
    (names: string) => `LayerNorm or RMSNorm: ${names} (default: layer)`,
    (names: string) => `LayerNorm 或 RMSNorm：${names}（默认 layer）`,
  ),
  helpPositions: tell(
    (names: string) => `how places are told apart: ${names} (default: sinusoidal)`,
    (names: string) => `位置编码：${names}（默认 sinusoidal）`,
  ),
  helpMaxPositions: tell(
    (length: number) => `longest sentence in tokens, for learned positions (default: ${length})`,
    (length: number) => `学习式位置编码的最长句子词元数（默认 ${length}）`,
  ),
  helpShareEmbeddings: say(
    'one embedding for both languages; needs --share-vocabulary',
    '两种语言共用嵌入，须与 --share-vocabulary 同用',
  ),
  helpTieOutput: say('score the next token with the embedding of the target', '用目标语言的嵌入给下一个词元打分'),
  helpPreNorm: say('normalise the input of each part', '归一化放在每个子层之前'),
  helpPostNorm: say('normalise the sum behind each part, as in the paper', '归一化放在残差相加之后，如原论文'),
  oneNormPlace: say(
    '--pre-norm does not go with --post-norm. Give one of them.',
    '--pre-norm 不能与 --post-norm 同用。请只给一个。',
  ),
  onlyLearned: say(
    '--max-positions goes with --positions learned only. The others have no end; leave it out.',
    '--max-positions 只能与 --positions learned 同用。其他位置编码没有上限，请去掉它。',
  ),
  widthOverHeads: tell(
    (width: number, heads: number) => `width ${width} is not divisible by ${heads} heads. Change --width or --heads.`,
    (width: number, heads: number) => `宽度 ${width} 不能被 ${heads} 个头整除。请修改 --width 或 --heads。`,
  ),
  oddWidth: tell(
    (width: number) => `width ${width} is odd. Sinusoidal positions take an even --width.`,
    (width: number) => `宽度 ${width} 是奇数。正弦位置编码的 --width 须为偶数。`,
  ),
  oddHead: tell(
    (width: number, heads: number) =>
      `width ${width} over ${heads} heads is ${width / heads}. Rotary positions take an even number; change --width or --heads.`,
    (width: number, heads: number) =>
      `宽度 ${width} 除以 ${heads} 个头得 ${width / heads}。旋转位置编码须为偶数，请修改 --width 或 --heads。`,
  ),
  twoVocabularies: tell(
    (source: string, target: string) =>
      `--share-embeddings: source and target have vocabularies of their own (${source} and ${target} tokens). Expected one for both; give --share-vocabulary too.`,
    (source: string, target: string) =>
      `--share-embeddings：源语言和目标语言各有词表（${source} 与 ${target} 个词元）。须共用词表，请加上 --share-vocabulary。`,
  ),
  sentenceTooLong: tell(
    (tokens: string, most: string) =>
      `a sentence has ${tokens} tokens, but there are learned positions for ${most}. Give --max-positions ${tokens}, or leave the sentence out.`,
    (tokens: string, most: string) =>
      `有句子长 ${tokens} 个词元，而学习式位置编码只有 ${most} 个。请用 --max-positions ${tokens}，或去掉该句。`,
  ),
};
