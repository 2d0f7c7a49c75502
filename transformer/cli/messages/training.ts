import { say, tell } from '../../language/language.ts';

/** How `heddle train` is told what to do: groups of its options, and those of the recipe and of the run's folder. */
export const training = {
  groupData: say('Data:', '数据：'),
  groupModel: say('Model:', '模型：'),
  groupRecipe: say('Recipe:', '训练方法：'),
  groupValidation: say('Validation:', '验证：'),
  groupRun: say('Run:', '训练目录：'),
  groupDevice: say('Device:', '设备：'),
  helpSteps: say('steps to train in all (default: as many as the preset asks for)', '总训练步数（默认由预设决定）'),
  helpEpochs: say('how often to go over the data in all, instead of --steps', '总共遍历数据的轮数，代替 --steps'),
  helpBatchTokens: say('target tokens in a batch (default: from the preset)', '每批目标词元数（默认由预设决定）'),
  helpAccumulate: say(
    'batches that make one step, in the memory of one (default: 1)',
    '每步累积的批数，内存只需一批（默认 1）',
  ),
  helpSchedule: tell(
    (names: string) => `how the learning rate goes: ${names} (default: from the preset)`,
    (names: string) => `学习率的变化方式：${names}（默认由预设决定）`,
  ),
  helpWarmup: say(
    'steps in which the learning rate rises (default: from the preset)',
    '学习率上升的步数（默认由预设决定）',
  ),
  helpLr: say(
    'largest learning rate, at the end of the warm-up (default: from the preset; noam: the paper’s)',
    '最大学习率，即预热结束时的值（默认由预设决定；noam 为论文中的值）',
  ),
  helpLabelSmoothing: say('label smoothing (default: from the preset)', '标签平滑（默认由预设决定）'),
  helpClip: say('largest norm of the gradient; 0: any (default: 1)', '梯度范数的上限；0 表示不限（默认 1）'),
  helpEma: say(
    'moving average of the weights with this decay, such as 0.999; it is what is validated and used (default: none)',
    '以此衰减率对权重做滑动平均，例如 0.999；验证和使用的是平均后的权重（默认不用）',
  ),
  helpAverage: say(
    'average the last so many checkpoints at the end (the paper: 5 or 20; default: none)',
    '结束时平均最后若干个检查点（论文中为 5 或 20；默认不用）',
  ),
  helpValidateEvery: say(
    'steps between two validations; 0: none, and no sentences set aside for it (default: once an epoch, 200 steps at least; built-in corpus: none)',
    '每隔多少步验证一次；0 表示不验证，也不留出句子（默认每轮一次，至少间隔 200 步；内置语料默认不验证）',
  ),
  helpValidateSentences: say(
    'sentences translated at each validation for BLEU and chrF (default: all, 500 at most)',
    '每次验证为计算 BLEU 和 chrF 翻译的句数（默认全部，至多 500）',
  ),
  helpMetric: tell(
    (names: string) => `what tells the best model: ${names} (default: chrf)`,
    (names: string) => `判断最好模型的指标：${names}（默认 chrf）`,
  ),
  helpPatience: say(
    'end when so many validations in a row brought nothing better (default: never)',
    '连续若干次验证没有改进即停止（默认不提前停止）',
  ),
  validationOff: say(
    '--validate-every 0 does not go with --metric or --patience. Leave it out: they need validation.',
    '--validate-every 0 不能与 --metric 或 --patience 同用。请去掉它：两者都需要验证。',
  ),
  noValidation: say(
    'no sentences to validate on: of so few, none can be set aside. Give more pairs, or leave --validate-every, --metric and --patience out.',
    '没有可供验证的句子：句对太少，无法留出。请提供更多句对，或去掉 --validate-every、--metric 和 --patience。',
  ),
  noTranslations: tell(
    (metric: string) =>
      `--metric ${metric} with --validate-sentences 0: nothing to score. Give some, or --metric loss.`,
    (metric: string) =>
      `--metric ${metric} 与 --validate-sentences 0 同用：没有可评分的译文。请给出句数，或用 --metric loss。`,
  ),
  helpPrecision: tell(
    (names: string) =>
      `what products are computed from: ${names} (default: float32; float16 takes less memory, with a dynamic loss scale)`,
    (names: string) => `矩阵乘法的精度：${names}（默认 float32；float16 占用内存更少，自动调整损失缩放）`,
  ),
  half: say(
    'float16: products and what the gradient needs; weights, sums, optimizer and loss in float32',
    'float16：矩阵乘法与反向传播所需的数值；权重、求和、优化器与损失仍为 float32',
  ),
  halfOnProcessor: say(
    'float16: products and what the gradient needs; weights, sums, optimizer and loss in float32. On a processor this saves memory, not time.',
    'float16：矩阵乘法与反向传播所需的数值；权重、求和、优化器与损失仍为 float32。在处理器上只省内存，不省时间。',
  ),
  stepSkipped: tell(
    (step: string, scale: string) => `step ${step} left out: a gradient overflowed float16 at a loss scale of ${scale}`,
    (step: string, scale: string) => `跳过第 ${step} 步：损失缩放为 ${scale} 时梯度超出 float16 的范围`,
  ),
  helpOut: say('folder to write to (default: runs/DATE-TIME)', '输出目录（默认 runs/日期-时间）'),
  helpResume: say('folder of a run to go on with', '继续训练的目录'),
  helpCheckpointEvery: say(
    'steps between two checkpoints (default: two minutes)',
    '每隔多少步保存一次检查点（默认每两分钟）',
  ),
  helpKeep: say('how many of the newest checkpoints to keep (default: 5)', '保留最新的几个检查点（默认 5）'),
  oneLength: say(
    '--steps does not go with --epochs. Give one of them: both say how long to train.',
    '--steps 不能与 --epochs 同用。请只给一个：两者都表示训练多久。',
  ),
  resumeRun: tell(
    (path: string, run: string) =>
      `--resume: ${path} is a checkpoint. Expected the folder of its run: --resume ${run}.`,
    (path: string, run: string) => `--resume：${path} 是检查点。应为其训练目录：--resume ${run}。`,
  ),
  noCheckpoint: tell(
    (path: string) => `${path}: no checkpoint was written yet, beginning again with its settings`,
    (path: string) => `${path}：尚未写出检查点，按原有设置从头开始`,
  ),
  takenOver: tell(
    (path: string) => `${path}: another process goes on with this run. This one ends, and writes nothing more.`,
    (path: string) => `${path}：另一个进程正在继续这次训练。本进程结束，不再写入。`,
  ),
};
