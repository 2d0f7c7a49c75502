import { say, tell } from '../../language/language.ts';

/** What `heddle info` says. */
export const info = {
  helpInfo: say('show the devices of this machine, or what a run is', '显示本机设备，或一次训练的信息'),
  helpRun: say('folder of a run, to show what it is', '训练目录，显示其信息'),
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
  checkpointsName: say('checkpoints', '检查点'),
  ofStep: tell(
    (steps: string) => `of steps ${steps}`,
    (steps: string) => `第 ${steps} 步`,
  ),
  usesName: say('to use', '采用'),
  finalLossLine: tell(
    (loss: string, first: string) => `${loss} (began at ${first})`,
    (loss: string, first: string) => `${loss}（起初 ${first}）`,
  ),
  time: say('time', '用时'),
  matchName: say('exact match', '完全匹配'),
};
