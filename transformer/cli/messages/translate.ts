import { say, tell } from '../../language/language.ts';

/** What `heddle translate` says. */
export const translate = {
  helpTranslate: say('translate sentences with a trained model', '用训练好的模型翻译句子'),
  helpText: say('sentences; without any, lines of standard input', '句子；不给出时逐行读取标准输入'),
  typeHere: say('Type a sentence and press Enter; Ctrl-D ends.', '输入一句话并按回车；Ctrl-D 结束。'),
  helpNBest: say(
    'the N best translations, each with rank, score and text between tabs',
    '最好的 N 个译文，每行为名次、得分、译文，以制表符分隔',
  ),
  helpJsonLines: say(
    'one JSON object a sentence: translations, scores, tokens and their log-probabilities',
    '每句一个 JSON 对象：译文、得分、词元及其对数概率',
  ),
  helpAttention: say(
    'what the decoder looks at: in the JSON, or as a map below each translation',
    '解码时的注意力：写入 JSON，或画在译文之下',
  ),
  helpStream: say('write each token as soon as it is decided', '逐个词元即时输出'),
  unknownPieces: tell(
    (pieces: string) => `not in the vocabulary, read as <unk>: ${pieces}`,
    (pieces: string) => `不在词表中，读作 <unk>：${pieces}`,
  ),
};
