import { say, tell } from '../../language/language.ts';

/** What is said of memory, before a run and when it does not fit. */
export const memory = {
  helpMemory: say(
    'the most memory to use, such as 500MB or 2GB (default: what the device has)',
    '最多使用的内存，如 500MB 或 2GB（默认为设备所有）',
  ),
  badSize: tell(
    (option: string, value: string) =>
      `${option}: '${value}'. Expected a size of at least 16MB, such as 500MB or 1.5GB.`,
    (option: string, value: string) => `${option}：'${value}'。应为不小于 16MB 的大小，如 500MB 或 1.5GB。`,
  ),
  memoryName: say('memory', '内存'),
  /** Headings of a table, in the order of the sizes. */
  memoryParts: say(
    'parameters | gradients | optimizer | activations | temporary | at most',
    '参数 | 梯度 | 优化器 | 激活值 | 临时 | 最多',
  ),
  batchTooLarge: tell(
    (wanted: string, there: string, fitting: string) =>
      `memory: this run may take ${wanted}, and there are ${there}. A batch that fits: --batch-tokens ${fitting}, with --accumulate for steps as large.`,
    (wanted: string, there: string, fitting: string) =>
      `内存：本次训练可能需要 ${wanted}，而可用的只有 ${there}。可用的批大小：--batch-tokens ${fitting}，并可用 --accumulate 保持每步大小。`,
  ),
  modelTooLarge: tell(
    (wanted: string, there: string) =>
      `memory: this run may take ${wanted}, and there are ${there}: too little for any batch. Take a smaller model (--preset, --width, --layers), or shorter sentences.`,
    (wanted: string, there: string) =>
      `内存：本次训练可能需要 ${wanted}，而可用的只有 ${there}：任何批大小都放不下。请使用更小的模型（--preset、--width、--layers）或更短的句子。`,
  ),
};
