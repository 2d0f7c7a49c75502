import { count, say, tell } from '../../language/language.ts';

const pieceCount = (n: number): string => `${count(n)} ${n === 1 ? 'piece' : 'pieces'}`;

/** What `heddle evaluate` says. */
export const evaluate = {
  helpEvaluate: say(
    'translate the sentences of a file and score them against their references',
    '翻译文件中的句子，并与参考译文比较打分',
  ),
  helpEvaluateData: say(
    'sentence pairs as for train: all translations of one source count as its references',
    '句对，格式同 train；同一源句的所有译文都算作参考译文',
  ),
  helpTest: say('the sentences that the run itself set aside', '使用训练时自行留出的句子'),
  helpOutput: say(
    'where translations go, one a line (default: RUN/hypotheses.txt)',
    '译文写入的文件，每行一句（默认 RUN/hypotheses.txt）',
  ),
  helpBleuTokenize: say(
    'how BLEU cuts sentences: 13a, zh, none (default: by the script)',
    'BLEU 的分词方式：13a、zh、none（默认由文字决定）',
  ),
  helpLowerScore: say('compare in lower case', '比较时不区分大小写'),
  helpBatch: say('sentences translated together (default: 64)', '同时翻译的句数（默认 64）'),
  helpLimit: say('only the first N sentences', '只用前 N 句'),
  helpJson: say('one JSON object on standard output, and nothing else', '标准输出只有一个 JSON 对象'),
  needData: say(
    'nothing to evaluate on. Expected --data FILE, or --test for the sentences the run set aside.',
    '没有给出评测数据。应为 --data 文件，或用 --test 取训练时留出的句子。',
  ),
  oneOf: tell(
    (a: string, b: string) => `${a} does not go with ${b}. Give one of them.`,
    (a: string, b: string) => `${a} 不能与 ${b} 同用。请只给一个。`,
  ),
  noneAside: tell(
    (path: string) => `--test: ${path} set no sentences aside. Give --data FILE.`,
    (path: string) => `--test：${path} 没有留出句子。请给出 --data 文件。`,
  ),
  evaluating: say('translating', '翻译'),
  evaluationData: tell(
    (files: string, sentences: string, references: string) =>
      `${files}: ${sentences} sentences, ${references} references`,
    (files: string, sentences: string, references: string) => `${files}：${sentences} 句，${references} 个参考译文`,
  ),
  testOf: tell(
    (files: string) => `set aside of ${files}`,
    (files: string) => `${files} 中留出的部分`,
  ),
  testOfBuiltIn: say('set aside of the built-in corpus', '内置语料中留出的部分'),
  unreadable: tell(
    (total: number, pieces: string) =>
      `the sentences hold ${pieceCount(total)} of text that the vocabulary lacks, read as <unk>: ${pieces}.`,
    (total: number, pieces: string) => `句子中有 ${count(total)} 处文本不在词表中，读作 <unk>：${pieces}。`,
  ),
  unwritable: tell(
    (total: number, pieces: string) =>
      `the references hold ${pieceCount(total)} of text that the vocabulary lacks, so no translation can have them: ${pieces}.`,
    (total: number, pieces: string) => `参考译文中有 ${count(total)} 处文本不在词表中，译文不可能包含：${pieces}。`,
  ),
  decodingName: say('decoding', '解码'),
  brevityPenalty: tell(
    (value: string) => `brevity penalty ${value}`,
    (value: string) => `简短惩罚 ${value}`,
  ),
  speedName: say('speed', '速度'),
  speedLine: tell(
    (sentences: string, tokens: string, time: string, speed: string) =>
      `${sentences} sentences, ${tokens} tokens in ${time}: ${speed} tokens/s`,
    (sentences: string, tokens: string, time: string, speed: string) =>
      `${sentences} 句、${tokens} 个词元，用时 ${time}：每秒 ${speed} 个词元`,
  ),
  fewSeconds: tell(
    (seconds: string) => `${seconds} s`,
    (seconds: string) => `${seconds} 秒`,
  ),
  hypothesesName: say('translations', '译文'),
  stoppingBatch: say(
    'stopping after this batch; Ctrl-C again quits at once',
    '完成当前批次后停止；再次按 Ctrl-C 立即退出',
  ),
  stoppedEvaluating: tell(
    (done: string, all: string) => `stopped after ${done} of ${all} sentences; nothing was written.`,
    (done: string, all: string) => `翻译 ${done} 句（共 ${all} 句）后停止，没有写出文件。`,
  ),
};
