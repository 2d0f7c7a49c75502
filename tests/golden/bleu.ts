import { type BleuOptions, corpusBleu, corpusChrf, type References, sentenceBleu } from '../../transformer/index.ts';
import { type Comparison, PendingCase } from './compare.ts';
import type { BleuGolden } from './files.ts';

interface Input {
  readonly hypotheses: readonly string[];
  readonly references: readonly References[];
  readonly tokenize: BleuGolden['tokenize'];
  /** Of the corpus score alone; the others have sacreBLEU's defaults. */
  readonly options: BleuOptions;
}

const bleu = ({ hypotheses, references, tokenize, options }: Input) =>
  corpusBleu(hypotheses, references, { tokenize, ...options });

/** How each number of a case is had here; the golden names on the left. */
const table: Readonly<Record<string, (input: Input) => number | readonly number[]>> = {
  bleu: (input) => bleu(input).score,
  precisions: (input) => bleu(input).precisions,
  bp: (input) => bleu(input).brevityPenalty,
  sys_len: (input) => bleu(input).hypothesisLength,
  ref_len: (input) => bleu(input).referenceLength,
  chrf: ({ hypotheses, references }) => corpusChrf(hypotheses, references).score,
  chrfpp: ({ hypotheses, references }) => corpusChrf(hypotheses, references, { wordOrder: 2 }).score,
  sentence_bleu: ({ hypotheses, references, tokenize }) =>
    hypotheses.map((hypothesis, i) => sentenceBleu(hypothesis, references[i]!, { tokenize }).score),
};

/** Options of sacreBLEU's corpus BLEU, and ours. */
const optionNames: Readonly<Record<string, keyof BleuOptions>> = {
  lowercase: 'lowercase',
  smooth_method: 'smooth',
  smooth_value: 'smoothValue',
  effective_order: 'effectiveOrder',
};

/** Runs one case: every number against what sacreBLEU gave, to 0.005. */
export function runBleu({ case: _, tokenize, options, hyps, refs, ...scores }: BleuGolden): Comparison[] {
  const own = Object.entries(options).map(([name, value]) => {
    const known = optionNames[name];
    if (known === undefined) throw new PendingCase(`option ${name} of sacreBLEU is not mapped`);
    return [known, value] as const;
  });
  const input: Input = {
    hypotheses: hyps,
    references: hyps.map((_, i) => refs.map((set) => set[i] ?? null).filter((reference) => reference !== null)),
    tokenize,
    options: Object.fromEntries(own),
  };
  return Object.entries(scores).map(([what, value]) => {
    const run = table[what];
    if (run === undefined) throw new PendingCase(`score ${what} is not mapped`);
    const got = [run(input)].flat() as number[];
    const data = Float32Array.from([value].flat() as number[]);
    const want = { dtype: 'float32', shape: [data.length], data } as const;
    return { what, got, shape: [got.length], want, relative: 0, absolute: 0.005, measure: 'each' };
  });
}
