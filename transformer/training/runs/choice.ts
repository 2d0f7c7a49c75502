import { type Both, count, number, say } from '../../language/language.ts';

/** What validation looks at. */
export type Metric = 'loss' | 'bleu' | 'chrf';

/** Which of the models of a run is the one to use, and why. */
export interface ModelChoice {
  /**
   * `last`: the newest. `ema`: the moving average of the weights at that step. `best`: what validation found best (of the
   * moving average, where there is one). `average`: the mean of the last checkpoints.
   */
  readonly by: 'last' | 'ema' | 'best' | 'average';
  /** The step it is of. */
  readonly step: number;
  /** Of an average: the steps of the checkpoints it is the mean of. */
  readonly steps?: readonly number[];
  /** What validation found, where it decided. */
  readonly metric?: Metric;
  readonly value?: number;
}

/** Their names. */
export const METRICS = { loss: say('loss', '损失'), bleu: say('BLEU', 'BLEU'), chrf: say('chrF2', 'chrF2') } as const;

/** A value as it is said: a loss with its digits, a score with one. */
export const metricText = (metric: Metric, value: number): string =>
  metric === 'loss' ? number(value) : value.toFixed(1);

/** `step 1,200, the best by validation (BLEU 31.2)` */
export function choiceText({ by, step, steps = [], metric, value }: ModelChoice): Both<string> {
  const at = count(step);
  const [en, zh] = {
    last: [`step ${at}, the last`, `第 ${at} 步，即最后一步`],
    ema: [`step ${at}, the moving average of the weights`, `第 ${at} 步的权重滑动平均`],
    best: [`step ${at}, the best by validation`, `第 ${at} 步，验证结果最好`],
    average: [
      `the mean of the checkpoints of steps ${steps.map(count).join(', ')}`,
      `第 ${steps.map(count).join('、')} 步检查点的平均`,
    ],
  }[by] as [string, string];
  if (metric === undefined || value === undefined) return say(en, zh);
  const found = metricText(metric, value);
  return say(`${en} (${METRICS[metric].en} ${found})`, `${zh}（${METRICS[metric].zh} ${found}）`);
}
