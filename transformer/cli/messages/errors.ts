import { say, tell } from '../../language/language.ts';

/** Errors: what came, what was expected, what to do. */
export const errors = {
  unknownOption: tell(
    (name: string, near: string | null) => `unknown option ${name}. ${near ? `Did you mean ${near}?` : 'See --help.'}`,
    (name: string, near: string | null) => `未知选项 ${name}。${near ? `是否想用 ${near}？` : '请看 --help。'}`,
  ),
  unknownCommand: tell(
    (name: string, known: string) => `unknown command ${name}. Expected one of ${known}; see --help.`,
    (name: string, known: string) => `未知命令 ${name}。应为 ${known} 之一；请看 --help。`,
  ),
  missingValue: tell(
    (option: string) => `${option}: no value. Give one; see --help.`,
    (option: string) => `${option}：缺少值。请给出一个；见 --help。`,
  ),
  tooMany: say(
    'more arguments than expected. Put a sentence in quotes; see --help.',
    '参数过多。句子请加引号；见 --help。',
  ),
  badChoice: tell(
    (option: string, value: string, choices: string) => `${option}: '${value}'. Expected one of ${choices}.`,
    (option: string, value: string, choices: string) => `${option}：'${value}'。应为 ${choices} 之一。`,
  ),
  badNumber: tell(
    (option: string, value: string, low: string, high: string) =>
      `${option}: '${value}'. Expected a whole number from ${low} to ${high}.`,
    (option: string, value: string, low: string, high: string) =>
      `${option}：'${value}'。应为 ${low} 到 ${high} 的整数。`,
  ),
  badDecimal: tell(
    (option: string, value: string, range: string) => `${option}: '${value}'. Expected a number ${range}.`,
    (option: string, value: string, range: string) => `${option}：'${value}'。应为${range}的数。`,
  ),
  decimalRange: tell(
    (low: string, open: boolean, high: string, below: boolean) =>
      `${open ? 'above' : 'from'} ${low} ${below ? 'to below' : 'to'} ${high}`,
    (low: string, open: boolean, high: string, below: boolean) =>
      `${open ? '大于' : '不小于'} ${low}、${below ? '小于' : '不大于'} ${high} `,
  ),
  noSuchFile: tell(
    (path: string) => `${path}: no such file or folder. Expected a path that exists; check its spelling.`,
    (path: string) => `${path}：文件或目录不存在。应为存在的路径，请检查拼写。`,
  ),
  fileTrouble: tell(
    (path: string, why: string) =>
      `${path}: ${why}. Expected a file that can be read or written; check path and rights.`,
    (path: string, why: string) => `${path}：${why}。应为可读写的文件，请检查路径与权限。`,
  ),
  needModel: tell(
    (newest: string | null) =>
      `no model given. Expected --model RUN${newest ? `; the newest here is ${newest}` : '; train one with heddle train'}.`,
    (newest: string | null) =>
      `没有给出模型。应为 --model RUN${newest ? `；此处最新的是 ${newest}` : '；可先用 heddle train 训练'}。`,
  ),
  outExists: tell(
    (path: string) => `--out: ${path} holds a run already. Give another folder, or go on with --resume ${path}.`,
    (path: string) => `--out：${path} 已有一次训练。请换一个目录，或用 --resume ${path} 继续。`,
  ),
  conflict: tell(
    (a: string, b: string) => `${a} does not go with ${b}. Give one of them: a resumed run keeps its own settings.`,
    (a: string, b: string) => `${a} 不能与 ${b} 同用。请只给一个：继续训练时沿用原有设置。`,
  ),
  noState: tell(
    (path: string) =>
      `${path}: it has no settings to go on with. Expected a folder written by heddle train; train anew.`,
    (path: string) => `${path}：其中没有训练设置，无法继续。应为 heddle train 写出的目录；请重新训练。`,
  ),
  dataChanged: tell(
    (path: string, was: string, is: string) =>
      `${path}: the data are not those the run was trained on (${was === is ? `${was} pairs, but other ones` : `${was} pairs then, ${is} now`}). Bring them back, or train anew.`,
    (path: string, was: string, is: string) =>
      `${path}：数据与训练时不同（${was === is ? `同为 ${was} 个句对，但内容不同` : `当时 ${was} 个句对，现在 ${is} 个`}）。请恢复原数据，或重新训练。`,
  ),
  stepsDone: tell(
    (done: string, asked: string) =>
      `the run is at step ${done} already, and ${asked} were asked for. Give more with --steps or --epochs.`,
    (done: string, asked: string) => `已训练到第 ${done} 步，而要求共 ${asked} 步。请用 --steps 或 --epochs 给出更多。`,
  ),
};
