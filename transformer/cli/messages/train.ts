import { say, tell } from '../../language/language.ts';

/** What `heddle train` says. */
export const train = {
  helpTrain: say('train a translator, test it, and write a report', '训练翻译模型，测试并生成报告'),
  helpData: say(
    'sentence pairs: tab-separated or JSON lines, or two files of parallel lines; .gz too (default: the built-in corpus)',
    '句对：一个文件（制表符分隔或每行一个 JSON），或两个逐行对应的文件，支持 .gz（默认内置语料）',
  ),
  helpStreamed: say(
    'read the files anew each epoch instead of holding them in memory: for corpora larger than memory',
    '每轮重新读取文件而不放入内存：用于大于内存的语料',
  ),
  streamNeedsData: say(
    '--stream: no files to read. Give them with --data.',
    '--stream：没有可读的文件。请用 --data 给出。',
  ),
  readingPairs: say('reading', '读取'),
  settingAside: say('setting sentences aside', '留出句子'),
  readingTokens: say('counting words and characters', '统计词与字'),
  countingBatches: say('counting batches', '统计批次'),
  readEachEpoch: say('read anew each epoch', '每轮重新读取'),
  helpPreset: tell(
    (names: string) => `size of the model: ${names} (default: what the task asks for; with --data: small)`,
    (names: string) => `模型大小：${names}（默认由任务决定；用 --data 时 small）`,
  ),
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
    (files: string, pairs: string, validation: string, test: string) =>
      `${files}: ${pairs} pairs to train on; sentences set aside: ${validation} to validate on, ${test} to test on`,
    (files: string, pairs: string, validation: string, test: string) =>
      `${files}：${pairs} 个训练句对，另留 ${validation} 句用于验证，${test} 句用于测试`,
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
  memory: tell(
    (used: string, peak: string) => `${used} (peak ${peak})`,
    (used: string, peak: string) => `${used}（峰值 ${peak}）`,
  ),
  tokensPerSecond: say('tokens/s', '词元/秒'),
  timeLeft: say('left', '剩余'),
  right: say('right', '正确'),
  wrong: say('wrong', '错误'),
  same: say('same', '相同'),
  other: say('other', '不同'),
  trained: tell(
    (steps: string, time: string, speed: string, loss: string) =>
      `trained ${steps} steps in ${time}, ${speed} tokens/s, loss ${loss}`,
    (steps: string, time: string, speed: string, loss: string) =>
      `训练 ${steps} 步，用时 ${time}，每秒 ${speed} 个词元，损失 ${loss}`,
  ),
  validating: say('validating', '验证'),
  validationAt: tell(
    (step: string) => `validation at step ${step}`,
    (step: string) => `第 ${step} 步验证`,
  ),
  bestSoFar: say('best so far', '目前最好'),
  stoppedEarly: tell(
    (patience: string) => `stopped early: ${patience} validations in a row brought nothing better`,
    (patience: string) => `提前停止：连续 ${patience} 次验证没有改进`,
  ),
  fewerToAverage: tell(
    (there: string, wanted: string) =>
      `--average: ${there} checkpoints to average, not ${wanted}; write them more often`,
    (there: string, wanted: string) => `--average：只有 ${there} 个检查点可平均，而非 ${wanted} 个；请更频繁地保存`,
  ),
  averaged: tell(
    (n: string, metric: string, value: string) =>
      `the mean of the last ${n} checkpoints: ${metric} ${value} by validation`,
    (n: string, metric: string, value: string) => `最后 ${n} 个检查点的平均：验证 ${metric} ${value}`,
  ),
  uses: tell(
    (choice: string) => `the model to use: ${choice}`,
    (choice: string) => `采用的模型：${choice}`,
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
  someSame: say('Some it translates as expected', '部分与参考相同的译文'),
  someOther: say('Some it translates otherwise, rightly or not', '部分与参考不同的译文（未必有误）'),
  expected: say('expected', '应为'),
  reference: say('reference', '参考'),
  showcase: say('Sentences to show', '展示句子'),
  attentionTitle: tell(
    (source: string, layer: number) =>
      `What it looks at, translating “${source}” (layer ${layer}, mean of the heads, percent)`,
    (source: string, layer: number) => `翻译“${source}”时的注意力（第 ${layer} 层，各头平均，百分比）`,
  ),
  readsPredicts: say('reads → predicts', '读入 → 预测'),
  report: say('report', '报告'),
};
