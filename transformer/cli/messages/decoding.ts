import { say, tell } from '../../language/language.ts';

/** Options of decoding, for all commands that translate. */
export const decoding = {
  groupDecoding: say('Decoding:', '解码：'),
  helpBeam: say('beam search with this many hypotheses (default: greedy)', '束搜索的宽度（默认贪心解码）'),
  helpLengthPenalty: say(
    'α of the length penalty ((5 + length) / 6)^α; 0: none (default: 0.6)',
    '长度惩罚 ((5 + 长度) / 6)^α 的 α；0 为不惩罚（默认 0.6）',
  ),
  helpMaxLength: say(
    'longest translation, in tokens (default: twice the source and 10)',
    '译文最大词元数（默认源句的两倍加 10）',
  ),
  helpNoRepeatNgram: say('write no run of this many tokens twice', '不重复出现这么多个连续词元'),
  helpRepetitionPenalty: say(
    'log p of tokens written before counts so many times; 1: none, 1.2 is usual',
    '已写过的词元，其 log p 乘以该值；1 为不惩罚，常用 1.2',
  ),
  helpTemperature: say('draw tokens: below 1 bolder, above 1 more even', '按概率抽样：小于 1 更集中，大于 1 更均匀'),
  helpTopK: say('draw among the k most probable tokens', '只从概率最高的 k 个词元中抽样'),
  helpTopP: say('draw among the fewest tokens that hold this probability', '只从累计概率达到该值的最少词元中抽样'),
  helpSampleSeed: say('draw with this seed (default: 1)', '抽样的种子（默认 1）'),
  beamDraws: tell(
    (a: string, b: string) => `${a} does not go with ${b}: beam search draws no tokens. Give one of them.`,
    (a: string, b: string) => `${a} 不能与 ${b} 同用：束搜索不抽样。请只给一个。`,
  ),
  beamTooNarrow: tell(
    (wanted: string, beam: string) =>
      `--n-best: ${wanted} translations of a beam of ${beam}. Expected at most the beam; give a wider --beam.`,
    (wanted: string, beam: string) => `--n-best：束宽 ${beam} 给不出 ${wanted} 个译文。请加大 --beam。`,
  ),
  greedyName: say('greedy', '贪心'),
  samplingName: say('sampling', '抽样'),
  beamName: say('beam', '束宽'),
  lengthPenaltyName: say('length penalty', '长度惩罚'),
  maxLengthName: say('longest', '最长'),
  noRepeatNgramName: say('no repeated n-gram of', '不重复的 n 元组'),
  repetitionPenaltyName: say('repetition penalty', '重复惩罚'),
  temperatureName: say('temperature', '温度'),
  seedName: say('seed', '种子'),
};
