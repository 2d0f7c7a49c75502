import { say, tell } from '../../language/language.ts';

/** How `heddle train` is told to cut text, and what it says while it learns to. */
export const tokenizers = {
  groupTokenizers: say('Tokenizers:', '分词：'),
  helpTokenizer: tell(
    (names: string) => `how both sides are cut: ${names} (default: words; characters for Chinese, Japanese, Thai)`,
    (names: string) => `两侧的切分方式：${names}（默认按词；中文、日文、泰文按字符）`,
  ),
  helpSourceTokenizer: say('how the source is cut', '源语言的切分方式'),
  helpTargetTokenizer: say('how the target is cut', '目标语言的切分方式'),
  helpVocabSize: say(
    'tokens of a vocabulary at most (default: 8000 for bpe and byte-bpe, else as many as there are)',
    '词表大小上限（bpe 与 byte-bpe 默认 8000，其余不限）',
  ),
  helpShareVocabulary: say(
    'one tokenizer for both sides (default: bpe); --share-embeddings and --tie-output may come with it',
    '两侧共用一个分词器（默认 bpe）；可再加 --share-embeddings 与 --tie-output',
  ),
  helpLowerCase: say('read and write lower case (default: words do)', '统一为小写（默认只有按词时如此）'),
  helpKeepCase: say('keep capitals (default: all but words do)', '保留大小写（默认除按词外都保留）'),
  helpTokenizerFile: say(
    'tokenizer.json of Hugging Face: one for both sides, or two',
    'Hugging Face 的 tokenizer.json：一个供两侧共用，或两个',
  ),
  tooManyTokenizers: tell(
    (n: string) => `--tokenizer-file: ${n} files. Expected one for both sides, or two: source and target.`,
    (n: string) => `--tokenizer-file：给了 ${n} 个文件。应为一个（两侧共用）或两个（源、目标）。`,
  ),
  sharedKinds: tell(
    (source: string, target: string) =>
      `--share-vocabulary: the source is cut by ${source}, the target by ${target}. Expected one way: give --tokenizer.`,
    (source: string, target: string) =>
      `--share-vocabulary：源语言为 ${source}，目标语言为 ${target}。两侧应相同：请用 --tokenizer。`,
  ),
  learningTokens: say('learning tokens', '学习词元'),
  kindOfTokens: tell(
    (kind: string) =>
      ({ words: 'words', characters: 'characters', characterPairs: 'bpe', bytePairs: 'byte-bpe' })[kind] ??
      'tokenizer.json',
    (kind: string) =>
      ({ words: '词', characters: '字符', characterPairs: 'bpe', bytePairs: 'byte-bpe' })[kind] ?? 'tokenizer.json',
  ),
  vocabularyKindsLine: tell(
    (source: string, sourceKind: string, target: string, targetKind: string) =>
      `${source} source tokens (${sourceKind}), ${target} target tokens (${targetKind})`,
    (source: string, sourceKind: string, target: string, targetKind: string) =>
      `源语言 ${source} 个词元（${sourceKind}），目标语言 ${target} 个词元（${targetKind}）`,
  ),
  sharedVocabularyLine: tell(
    (size: string, kind: string) => `${size} tokens for both sides (${kind})`,
    (size: string, kind: string) => `两侧共用 ${size} 个词元（${kind}）`,
  ),
};
