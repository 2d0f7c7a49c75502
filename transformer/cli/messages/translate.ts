import { say, tell } from '../../report/language.ts';

/** What `heddle translate` says. */
export const translate = {
  helpTranslate: say('translate sentences with a trained model', '用训练好的模型翻译句子'),
  helpText: say('sentences; without any, lines of standard input', '句子；不给出时逐行读取标准输入'),
  typeHere: say('Type a sentence and press Enter; Ctrl-D ends.', '输入一句话并按回车；Ctrl-D 结束。'),
  unknownWords: tell(
    (words: string) => `words it never saw: ${words}`,
    (words: string) => `没见过的词：${words}`,
  ),
};
