import { say, tell } from '../language/language.ts';

/** What is read on charts and maps, in both languages. */
export const texts = {
  reads: say('reads', '读入'),
  predicts: say('predicts', '预测'),
  probability: say('probability', '概率'),
  attentionCell: tell(
    (reads: string, predicts: string, looksAt: string, share: string) =>
      `reads ${reads} → predicts ${predicts}: ${share} on ${looksAt}`,
    (reads: string, predicts: string, looksAt: string, share: string) =>
      `读入 ${reads} → 预测 ${predicts}：${share} 的注意力在 ${looksAt}`,
  ),
  attentionCaption: tell(
    (source: string) => `Cross-attention for “${source}”`,
    (source: string) => `“${source}”的交叉注意力`,
  ),
} as const;
