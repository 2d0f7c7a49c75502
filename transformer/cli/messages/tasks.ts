import { say, tell } from '../../language/language.ts';

/** What `heddle tasks` says, and what `heddle train` says of tasks. */
export const tasks = {
  helpTasks: say('list what can be learnt, with a sample of each', '列出可学习的任务，各附一例'),
  helpTask: tell(
    (names: string, preset: string) => `what to learn: ${names} (default: ${preset})`,
    (names: string, preset: string) => `学习的任务：${names}（默认 ${preset}）`,
  ),
  ownPairs: tell(
    (task: string) => `--data does not go with --task ${task}, which makes its own pairs. Leave one of them out.`,
    (task: string) => `--data 不能与 --task ${task} 同用：该任务自行生成数据。请去掉其中一个。`,
  ),
  madeData: tell(
    (task: string, pairs: string, test: string) =>
      `made by the task ${task}: ${pairs} pairs to train on, ${test} unseen ones to test on`,
    (task: string, pairs: string, test: string) =>
      `由任务 ${task} 生成：${pairs} 个训练样本，${test} 个未见过的测试样本`,
  ),
  madePairs: tell(
    (task: string, pairs: string) => `made by the task ${task}, ${pairs} pairs`,
    (task: string, pairs: string) => `由任务 ${task} 生成，${pairs} 个样本`,
  ),
  testOfTask: tell(
    (task: string) => `set aside of what the task ${task} makes`,
    (task: string) => `任务 ${task} 所生成数据中留出的部分`,
  ),
  exactMatchOfInputs: tell(
    (share: string, right: string, total: string) => `exact match on unseen inputs: ${share} (${right} of ${total})`,
    (share: string, right: string, total: string) => `未见输入的完全匹配率：${share}（${total} 个中 ${right} 个）`,
  ),
  longerMatch: tell(
    (low: number, high: number, share: string, right: string, total: string) =>
      `on inputs longer than any it was trained on (${low} to ${high}): ${share} (${right} of ${total})`,
    (low: number, high: number, share: string, right: string, total: string) =>
      `比训练时更长的输入（${low} 到 ${high}）：${share}（${total} 个中 ${right} 个）`,
  ),
  attentionTitleOfInput: tell(
    (source: string, layer: number) =>
      `What it looks at, reading “${source}” (layer ${layer}, mean of the heads, percent)`,
    (source: string, layer: number) => `读入“${source}”时的注意力（第 ${layer} 层，各头平均，百分比）`,
  ),
};
