import { inLanguage, type Language, type Speech, say, tell } from '../report/language.ts';

/** Everything the command line says, in both languages. A text that lacks one is a type error. */
const table = {
  // --- help
  about: say(
    'heddle: a Transformer on a tensor engine of its own, on WebGPU or WebAssembly.',
    'heddle：基于自研张量引擎的 Transformer，运行于 WebGPU 或 WebAssembly。',
  ),
  usage: say('Usage:', '用法：'),
  arguments: say('Arguments:', '参数：'),
  options: say('Options:', '选项：'),
  commands: say('Commands:', '命令：'),
  examples: say('Examples:', '示例：'),
  helpHelp: say('show this help', '显示帮助'),
  helpVersion: say('show the version', '显示版本'),
  helpLang: say('language of messages: en, zh (default: from LANG)', '界面语言：en、zh（默认取自 LANG）'),
  helpDebug: say('show stacks of errors', '显示错误的调用栈'),
  helpTrain: say('train a translator, test it, and write a report', '训练翻译模型，测试并生成报告'),
  helpTranslate: say('translate sentences with a trained model', '用训练好的模型翻译句子'),
  helpInfo: say('show the devices of this machine, or what a run is', '显示本机设备，或一次训练的信息'),
  helpText: say('sentences; without any, lines of standard input', '句子；不给出时逐行读取标准输入'),
  helpRun: say('folder of a run, to show what it is', '训练目录，显示其信息'),
  helpBackend: say('where to compute: auto, webgpu, wasm (default: auto)', '计算设备：auto、webgpu、wasm（默认 auto）'),
  helpThreads: say('threads of the wasm device (default: one a core)', 'wasm 设备的线程数（默认每核一个）'),
  helpDeterministic: say('the same bits on every machine, a little slower', '在任何机器上结果逐位相同，稍慢'),
  helpSeed: say('seed of all random choices (default: 1)', '所有随机选择的种子（默认 1）'),
  helpData: say(
    'sentence pairs: tab-separated or JSON lines, or two files of parallel lines; .gz too (default: the built-in corpus)',
    '句对：一个文件（制表符分隔或每行一个 JSON），或两个逐行对应的文件，支持 .gz（默认内置语料）',
  ),
  helpSteps: say('steps to train in all (default: as many as the preset asks for)', '总训练步数（默认由预设决定）'),
  helpPreset: tell(
    (names: string, preset: string, own: string) =>
      `size of the model: ${names} (default: ${preset}; with --data: ${own})`,
    (names: string, preset: string, own: string) => `模型大小：${names}（默认 ${preset}；用 --data 时 ${own}）`,
  ),
  helpBatchTokens: say('target tokens in a batch (default: from the preset)', '每批目标词元数（默认由预设决定）'),
  helpOut: say('folder to write to (default: runs/DATE-TIME)', '输出目录（默认 runs/日期-时间）'),
  helpResume: say('folder of a run to go on with', '继续训练的目录'),
  helpModel: say('folder of a trained run', '训练好的模型目录'),

  // --- errors: what came, what was expected, what to do
  unknownOption: tell(
    (name: string, near: string | null) => `unknown option ${name}. ${near ? `Did you mean ${near}?` : 'See --help.'}`,
    (name: string, near: string | null) => `未知选项 ${name}。${near ? `是否想用 ${near}？` : '请看 --help。'}`,
  ),
  unknownCommand: tell(
    (name: string) => `unknown command ${name}. Expected train, translate or info; see --help.`,
    (name: string) => `未知命令 ${name}。应为 train、translate 或 info；请看 --help。`,
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
  noSuchFile: tell(
    (path: string) => `${path}: no such file or folder. Expected a path that exists; check its spelling.`,
    (path: string) => `${path}：文件或目录不存在。应为存在的路径，请检查拼写。`,
  ),
  fileTrouble: tell(
    (path: string, why: string) =>
      `${path}: ${why}. Expected a file that can be read or written; check path and rights.`,
    (path: string, why: string) => `${path}：${why}。应为可读写的文件，请检查路径与权限。`,
  ),
  noRun: tell(
    (path: string, file: string) => `${path}: no run, ${file} is missing. Expected a folder written by heddle train.`,
    (path: string, file: string) => `${path}：不是训练目录，缺少 ${file}。应为 heddle train 写出的目录。`,
  ),
  broken: tell(
    (path: string, why: string) => `${path}: ${why} Bring back a whole copy of the folder, or train anew.`,
    (path: string, why: string) => `${path}：${why} 请恢复完整的目录，或重新训练。`,
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
    (path: string) => `${path}: nothing to go on from, it has no whole training state. Train anew with heddle train.`,
    (path: string) => `${path}：无法继续，缺少完整的训练状态。请用 heddle train 重新训练。`,
  ),
  dataChanged: tell(
    (path: string, was: string, is: string) =>
      `${path}: the data are not those the run was trained on (${was} pairs then, ${is} now). Bring them back, or train anew.`,
    (path: string, was: string, is: string) =>
      `${path}：数据与训练时不同（当时 ${was} 个句对，现在 ${is} 个）。请恢复原数据，或重新训练。`,
  ),
  stepsDone: tell(
    (done: string) => `--steps: the run is at step ${done} already. Give more steps than that.`,
    (done: string) => `--steps：已训练到第 ${done} 步。请给出更大的步数。`,
  ),

  // --- devices
  onSoftware: say(
    'no graphics driver here: running on SwiftShader, a software adapter (slow, for checking, not for speed)',
    '本机没有显卡驱动：改用软件适配器 SwiftShader（较慢，用于验证，不代表速度）',
  ),
  noAdapter: say(
    'no WebGPU adapter here. Expected a graphics driver with Vulkan, Metal or Direct3D 12; install one, or use --backend wasm.',
    '本机没有 WebGPU 适配器。应有支持 Vulkan、Metal 或 Direct3D 12 的显卡驱动；请安装，或使用 --backend wasm。',
  ),
  noAdapterShort: say('no graphics driver', '没有显卡驱动'),
  auto: say('auto takes', 'auto 选用'),
  notAvailable: say('not available', '不可用'),
  softwareHint: say(
    'with --backend webgpu heddle runs on SwiftShader, a software adapter, here',
    '此处使用 --backend webgpu 时，将在软件适配器 SwiftShader 上运行',
  ),

  // --- training
  device: say('device', '设备'),
  model: say('model', '模型'),
  data: say('data', '数据'),
  plan: say('plan', '计划'),
  output: say('output', '输出'),
  run: say('run', '训练'),
  modelLine: tell(
    (layers: number, heads: number, width: number, forward: number, parameters: string) =>
      `${layers} + ${layers} layers, ${heads} heads, width ${width}, feed-forward ${forward}: ${parameters} parameters`,
    (layers: number, heads: number, width: number, forward: number, parameters: string) =>
      `${layers} + ${layers} 层，${heads} 头，宽度 ${width}，前馈 ${forward}：${parameters} 个参数`,
  ),
  builtInData: tell(
    (pairs: string, test: string) => `built-in corpus: ${pairs} pairs to train on, ${test} unseen ones to test on`,
    (pairs: string, test: string) => `内置语料：${pairs} 个训练句对，${test} 个未见过的测试句对`,
  ),
  fileData: tell(
    (files: string, pairs: string, test: string) =>
      `${files}: ${pairs} pairs to train on, ${test} set aside to test on`,
    (files: string, pairs: string, test: string) => `${files}：${pairs} 个训练句对，另留 ${test} 个用于测试`,
  ),
  vocabularyLine: tell(
    (source: string, target: string) => `${source} source tokens, ${target} target tokens`,
    (source: string, target: string) => `源语言 ${source} 个词元，目标语言 ${target} 个词元`,
  ),
  vocabulary: say('tokens', '词表'),
  planLine: tell(
    (steps: string, batch: string, seed: number) => `${steps} steps of ${batch} target tokens, seed ${seed}`,
    (steps: string, batch: string, seed: number) => `${steps} 步，每步 ${batch} 个目标词元，种子 ${seed}`,
  ),
  resuming: tell(
    (name: string, step: string) => `going on with ${name} after step ${step}`,
    (name: string, step: string) => `从第 ${step} 步之后继续 ${name}`,
  ),
  training: say('training', '训练'),
  testing: say('testing', '测试'),
  testsFewer: tell(
    (n: string, all: string) => `a software adapter: testing ${n} of the ${all} sentences set aside`,
    (n: string, all: string) => `软件适配器：只测试留出的 ${all} 句中的 ${n} 句`,
  ),
  loss: say('loss', '损失'),
  tokensPerSecond: say('tokens/s', '词元/秒'),
  timeLeft: say('left', '剩余'),
  right: say('right', '正确'),
  wrong: say('wrong', '错误'),
  trained: tell(
    (steps: string, time: string, speed: string, loss: string) =>
      `trained ${steps} steps in ${time}, ${speed} tokens/s, loss ${loss}`,
    (steps: string, time: string, speed: string, loss: string) =>
      `训练 ${steps} 步，用时 ${time}，每秒 ${speed} 个词元，损失 ${loss}`,
  ),
  stopping: say('stopping after this step; Ctrl-C again quits at once', '完成当前步后停止；再次按 Ctrl-C 立即退出'),
  stopped: tell(
    (step: string, command: string) => `stopped after step ${step} and saved. Go on with: ${command}`,
    (step: string, command: string) => `已在第 ${step} 步后停止并保存。继续：${command}`,
  ),
  exactMatch: tell(
    (share: string, right: string, total: string) => `exact match on unseen sentences: ${share} (${right} of ${total})`,
    (share: string, right: string, total: string) => `未见句子的完全匹配率：${share}（${total} 句中 ${right} 句）`,
  ),
  belowTarget: tell(
    (share: string, wanted: string) => `below the ${wanted} this run is meant to reach: ${share}. Something is wrong.`,
    (share: string, wanted: string) => `低于本次训练应达到的 ${wanted}：${share}。请检查。`,
  ),
  someRight: say('Some it gets right', '部分正确的译文'),
  someWrong: say('Some it gets wrong', '部分错误的译文'),
  expected: say('expected', '应为'),
  showcase: say('Sentences to show', '展示句子'),
  attentionTitle: tell(
    (source: string, layer: number) =>
      `What it looks at, translating “${source}” (layer ${layer}, mean of the heads, percent)`,
    (source: string, layer: number) => `翻译“${source}”时的注意力（第 ${layer} 层，各头平均，百分比）`,
  ),
  readsPredicts: say('reads → predicts', '读入 → 预测'),
  report: say('report', '报告'),

  // --- translate
  typeHere: say('Type a sentence and press Enter; Ctrl-D ends.', '输入一句话并按回车；Ctrl-D 结束。'),
  unknownWords: tell(
    (words: string) => `words it never saw: ${words}`,
    (words: string) => `没见过的词：${words}`,
  ),

  // --- info
  processors: tell(
    (n: number) => `${n} processor${n === 1 ? '' : 's'}`,
    (n: number) => `${n} 个处理器`,
  ),
  builtInPairs: tell(
    (pairs: string) => `built-in corpus, ${pairs} pairs`,
    (pairs: string) => `内置语料，${pairs} 个句对`,
  ),
  filePairs: tell(
    (files: string, pairs: string) => `${files}, ${pairs} pairs`,
    (files: string, pairs: string) => `${files}，${pairs} 个句对`,
  ),
  trainedSteps: say('trained', '已训练'),
  ofSteps: tell(
    (step: string, steps: string) => `${step} of ${steps} steps`,
    (step: string, steps: string) => `${steps} 步中的 ${step} 步`,
  ),
  finalLossLine: tell(
    (loss: string, first: string) => `${loss} (began at ${first})`,
    (loss: string, first: string) => `${loss}（起初 ${first}）`,
  ),
  time: say('time', '用时'),
  matchName: say('exact match', '完全匹配'),
};

export type Messages = Speech<typeof table>;

export const messagesIn = (language: Language): Messages => inLanguage(table, language);

/** The language of a locale: `zh_CN.UTF-8` is Chinese, everything else English. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  // POSIX: the first of these that is set and not empty decides.
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}
