import type { OpCase } from './case.ts';

const HEADS = 4;
const WIDTH = 64;
const LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096, 8192];
/** Causal attention is timed at fewer lengths: the curve has the same form. */
const CAUSAL = [512, 2048];

/** scaledDotProductAttention on [1, 4, L, 64] over L, forward, and forward with backward. */
export const attentionCases = (): OpCase[] =>
  [false, true].flatMap((isCausal) =>
    (isCausal ? CAUSAL : LENGTHS).flatMap((length) => {
      const shape = [1, HEADS, length, WIDTH];
      const inputs = { q: { shape }, k: { shape }, v: { shape } };
      const common = { kind: 'op', suite: 'attention', op: 'scaledDotProductAttention' } as const;
      const attrs = { isCausal, scale: WIDTH ** -0.5 };
      // q·kᵀ and p·v; on the way back the scores again, dp, dq, dk and dv
      const product = (2 * HEADS * length * length * WIDTH) / (isCausal ? 2 : 1);
      const label = `attention [1, ${HEADS}, L, ${WIDTH}]${isCausal ? ' causal' : ''}`;
      return [
        {
          ...{ ...common, attrs, inputs, name: `${label}, L = ${length}` },
          ...{ curve: { name: label, size: length }, work: { unit: 'flops' as const, amount: 2 * product } },
        },
        {
          ...{ ...common, attrs, inputs: { ...inputs, dy: { shape } }, gradient: ['q', 'k', 'v'] },
          ...{ name: `${label} forward and backward, L = ${length}` },
          curve: { name: `${label} forward and backward`, size: length },
          work: { unit: 'flops' as const, amount: 7 * product },
        },
      ];
    }),
  );
