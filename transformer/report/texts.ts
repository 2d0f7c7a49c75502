import { say, tell } from '../language/language.ts';

/** Everything a person reads in the report, in both languages. */
export const texts = {
  title: tell(
    (name: string) => `heddle · training run ${name}`,
    (name: string) => `heddle · 训练记录 ${name}`,
  ),
  heading: say('Training report', '训练报告'),
  lead: say(
    'An encoder-decoder Transformer, trained from nothing on the tensor engine of heddle: what it was, how it learnt, ' +
      'what it looks at, and where it is wrong.',
    '一个编码器–解码器 Transformer，在 heddle 张量引擎上从零开始训练：它的结构、学习过程、注意力，以及它的错误。',
  ),
  running: tell(
    (step: string, steps: string) => `Training: step ${step} of ${steps}`,
    (step: string, steps: string) => `训练中：第 ${step} / ${steps} 步`,
  ),
  testing: say('Training is done, the test goes on', '训练已结束，正在测试'),
  stopped: tell(
    (step: string, steps: string) => `Stopped after step ${step} of ${steps}`,
    (step: string, steps: string) => `已在第 ${step} / ${steps} 步后停止`,
  ),
  timeLeft: tell(
    (time: string) => `about ${time} left`,
    (time: string) => `约剩 ${time}`,
  ),
  reloads: tell(
    (seconds: number) => `this page loads itself again every ${seconds} s`,
    (seconds: number) => `本页每 ${seconds} 秒自动刷新`,
  ),
  resumes: tell(
    (command: string) => `go on with ${command}`,
    (command: string) => `继续：${command}`,
  ),
  stale: tell(
    (time: string) => `Not written for ${time}: the run may have ended.`,
    (time: string) => `已有 ${time} 未更新：训练可能已经结束。`,
  ),
  skip: say('Skip to the content', '跳到正文'),

  summary: say('Summary', '概要'),
  exactMatch: say('Exact match', '完全匹配'),
  exactMatchOf: tell(
    (right: string, total: string) => `${right} of ${total} unseen inputs, exactly as expected`,
    (right: string, total: string) => `${total} 个未见过的输入中，${right} 个与参考完全一致`,
  ),
  scoreOf: tell(
    (chrf: string, total: string) => `chrF2 ${chrf}, on ${total} unseen inputs`,
    (chrf: string, total: string) => `chrF2 ${chrf}，${total} 个未见过的输入`,
  ),
  noTest: say('no unseen sentences were set aside', '没有留出测试句子'),
  testLater: say('unseen sentences are translated at the end', '训练结束后翻译未见过的句子'),
  finalLoss: say('Final loss', '最终损失'),
  lossNow: say('Loss', '损失'),
  finalLossNote: say('running mean over the last steps', '最后若干步的滑动平均'),
  bestAt: tell(
    (step: string) => `best validation, at step ${step}`,
    (step: string) => `最好的验证结果，第 ${step} 步`,
  ),
  modelUsed: say('Model to use', '采用的模型'),
  device: say('Device', '设备'),
  softwareNote: say(
    'A software adapter: WebGPU computed on the CPU. Its speed says nothing about a graphics card.',
    '软件适配器：WebGPU 在 CPU 上计算，其速度不代表真实显卡。',
  ),
  model: say('Model', '模型'),
  modelShape: tell(
    (layers: number, heads: number, dModel: number, feedForward: number) =>
      `${layers} + ${layers} layers, ${heads} heads, width ${dModel}, feed-forward ${feedForward}`,
    (layers: number, heads: number, dModel: number, feedForward: number) =>
      `${layers} + ${layers} 层，${heads} 头，宽度 ${dModel}，前馈 ${feedForward}`,
  ),
  structure: say('Structure', '结构'),
  vocabularies: say('Vocabularies', '词表'),
  vocabularySizes: tell(
    (source: string, target: string) => `${source} source tokens, ${target} target tokens`,
    (source: string, target: string) => `源语言 ${source} 个，目标语言 ${target} 个`,
  ),
  parameters: say('Parameters', '参数量'),
  data: say('Data', '数据'),
  builtIn: tell(
    (pairs: string) => `built-in corpus, ${pairs} sentence pairs`,
    (pairs: string) => `内置语料，${pairs} 个句对`,
  ),
  made: tell(
    (pairs: string, task: string) => `made by the task ${task}, ${pairs} pairs`,
    (pairs: string, task: string) => `由任务 ${task} 生成，${pairs} 个样本`,
  ),
  fromFile: tell(
    (pairs: string, files: string) => `${files}, ${pairs} sentence pairs`,
    (pairs: string, files: string) => `${files}，${pairs} 个句对`,
  ),
  training: say('Training', '训练'),
  trainingSteps: tell(
    (steps: string, epochs: string, batch: string) =>
      `${steps} steps (${epochs} epoch${epochs === '1' ? '' : 's'}) of ${batch} target tokens`,
    (steps: string, epochs: string, batch: string) => `${steps} 步（${epochs} 轮），每步 ${batch} 个目标词元`,
  ),
  scores: say('Corpus scores', '语料得分'),
  time: say('Time', '用时'),
  speed: say('Speed', '速度'),
  tokensPerSecond: tell(
    (n: string) => `${n} target tokens a second`,
    (n: string) => `每秒 ${n} 个目标词元`,
  ),
  regularisation: say('Regularisation', '正则化'),
  regularisationOf: tell(
    (dropout: string, smoothing: string) => `dropout ${dropout}, label smoothing ${smoothing}`,
    (dropout: string, smoothing: string) => `dropout ${dropout}，标签平滑 ${smoothing}`,
  ),

  lossCurve: say('Loss', '损失'),
  lossNote: tell(
    (smoothing: string) =>
      `Cross-entropy of the next token, in nats, with label smoothing ${smoothing}: a perfect model does not reach 0.`,
    (smoothing: string) => `下一个词元的交叉熵（奈特），标签平滑 ${smoothing}：完美的模型也不会降到 0。`,
  ),
  lossNotePlain: say('Cross-entropy of the next token, in nats.', '下一个词元的交叉熵（奈特）。'),
  loss: say('loss', '损失'),
  step: say('step', '步'),
  everyStep: say('every step', '逐步'),
  runningMean: say('running mean', '滑动平均'),
  learningRate: say('learning rate', '学习率'),
  logScale: say('logarithmic', '对数坐标'),
  show: say('Show', '显示'),
  validationLoss: say('validation', '验证'),
  lossLabel: say(
    'Loss and learning rate over the steps. Arrow keys move from point to point.',
    '损失与学习率随步数的变化。用方向键逐点移动。',
  ),
  lossValidation: say(
    'Validation: sentences it does not learn from, without label smoothing and dropout.',
    '验证：模型不学习的句子，不用标签平滑与 dropout。',
  ),
  scoreCurves: say('Validation scores', '验证得分'),
  scoreLabel: say(
    'BLEU and chrF over the steps. Arrow keys move from point to point.',
    'BLEU 与 chrF 随步数的变化。用方向键逐点移动。',
  ),
  scoreNote: say(
    'Corpus scores of greedy translations of validation sentences, 0 to 100.',
    '验证句子贪心译文的语料得分，0 到 100。',
  ),
  bleu: say('BLEU', 'BLEU'),
  chrf: say('chrF2', 'chrF2'),
  points: say('score', '得分'),
  gradientNorm: say('Gradient norm', '梯度范数'),
  gradientLabel: say(
    'Norm of the gradient over the steps. Arrow keys move from point to point.',
    '梯度范数随步数的变化。用方向键逐点移动。',
  ),
  gradientNote: say('Over all parameters, before clipping.', '全部参数的梯度，裁剪之前。'),
  norm: say('norm', '范数'),
  memory: say('Memory', '内存'),
  memoryLabel: say(
    'Device memory over the steps. Arrow keys move from point to point.',
    '设备内存随步数的变化。用方向键逐点移动。',
  ),
  memoryNote: say(
    'Of the device: what is held after a step (parameters, gradients, optimizer), and the most that was held at one time.',
    '设备内存：每步之后持有的量（参数、梯度、优化器），以及同时持有的最大量。',
  ),
  memoryUsed: say('in use', '使用中'),
  memoryPeak: say('most so far', '至今最大'),
  memoryOf: tell(
    (used: string, peak: string) => `${used} between steps, ${peak} at most`,
    (used: string, peak: string) => `步间 ${used}，最大 ${peak}`,
  ),
  megabytes: say('MB', 'MB'),
  chartHint: say(
    'Point at the chart, or focus it and use the arrow keys, Page Up and Page Down, Home and End.',
    '将指针移到图上，或聚焦后使用方向键、Page Up / Page Down、Home / End。',
  ),
  readout: tell(
    (step: string, values: readonly string[]) => `step ${step}: ${values.join(', ')}`,
    (step: string, values: readonly string[]) => `第 ${step} 步：${values.join('，')}`,
  ),

  attention: say('What the decoder looks at', '解码器在看什么'),
  attentionNote: say(
    'Cross-attention: a row for each token the model writes, a column for each token of the source. Each row sums to ' +
      '100 %. A row is labelled with the token just read, from which the next one is predicted.',
    '交叉注意力：每行对应模型写出的一个词元，每列对应源句的一个词元，每行之和为 100 %。行首是刚读入的词元，由它预测下一个词元。',
  ),
  layer: say('Layer', '层'),
  head: say('Head', '头'),
  attentionHint: say(
    'Point at a cell, or focus the table and use the arrow keys.',
    '将指针移到格子上，或聚焦表格后使用方向键。',
  ),
  scale: say('attention', '注意力'),

  samples: say('Samples', '样例'),
  samplesNote: say(
    'From the unseen sentences: those not as expected (100 at most), and some that are. samples.json has them all.',
    '来自未见过的句子：与参考不同的译文（至多 100 个），以及部分相同的译文；全部见 samples.json。',
  ),
  source: say('Source', '原文'),
  reference: say('Reference', '参考译文'),
  output: say('Output', '模型译文'),
  verdict: say('Verdict', '判定'),
  right: say('right', '正确'),
  wrong: say('wrong', '错误'),
  same: say('same', '相同'),
  other: say('other', '不同'),
  filter: say('Show samples', '显示样例'),
  all: say('all', '全部'),
  noSamples: say('No samples were kept.', '没有保留样例。'),

  reproduce: say('How to reproduce', '如何复现'),
  reproduceNote: say(
    'The same seed gives the same data, the same starting values and the same dropout. On wasm with --deterministic ' +
      'the losses come out bit for bit the same; on other devices they agree to rounding.',
    '相同的种子得到相同的数据、初始值与 dropout。在 wasm 上加 --deterministic 时，损失逐位相同；在其他设备上仅有舍入误差。',
  ),
  command: say('Command', '命令'),
  signatures: say('Signatures of BLEU and chrF', 'BLEU 与 chrF 的签名'),
  seed: say('Seed', '种子'),
  versions: say('Versions', '版本'),
  finished: say('Finished', '完成时间'),
  written: say('Written', '写出时间'),
  footer: say('This page stands alone: it loads nothing from anywhere.', '本页面自成一体，不从任何地方加载内容。'),
} as const;
