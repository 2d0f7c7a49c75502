import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { version } from '../package.json';
import {
  type BleuTokenizer,
  corpusBleu,
  corpusChrf,
  exactMatch,
  sentenceBleu,
  sentenceChrf,
} from '../transformer/text/metrics/index.ts';
import { tokenizers } from '../transformer/text/metrics/tokenizers.ts';

describe('tokenizers', () => {
  const cut = (tokenizer: BleuTokenizer, text: string): string => tokenizers[tokenizer](text).join(' ');

  it.each([
    ['Hello, "world"!', 'Hello , " world " !'],
    ["It's 3.5% of 1,000.", "It's 3.5 % of 1,000 ."],
    ['end-of-line 3-4 A/B', 'end-of-line 3 - 4 A / B'],
    ['.5 5. ..', '. 5 5 . . .'],
    ['&quot;a&quot; &amp;lt; <skipped>b', '" a " < b'],
    ['hy-\nphen\nline', 'hyphen line'],
    ['caf\u00e9\u3000\u{1f600}.', 'caf\u00e9 \u{1f600} .'],
  ])('13a: %j', (text, want) => {
    expect(cut('13a', text)).toBe(want);
  });

  it.each([
    ['我有3个iPhone手机，价格是$9.5。', '我 有 3 个 iPhone 手 机 ， 价 格 是 $ 9.5 。'],
    // general punctuation is cut, extension B is not: what sacreBLEU does, whatever it meant
    ['“好”…', '“ 好 ” …'],
    ['\u{20000}\u{20001}好', '\u{20000}\u{20001} 好'],
    // zh strips a line, so that the rule for periods does not see its beginning
    [' .5', '.5'],
  ])('zh: %j', (text, want) => {
    expect(cut('zh', text)).toBe(want);
  });

  it('none cuts at white space of Unicode, a byte order mark is none', () => {
    expect(tokenizers.none(' a.\u3000b\u00a0c\u0085d\u001ce \ufeff')).toEqual(['a.', 'b', 'c', 'd', 'e', '\ufeff']);
  });
});

describe('BLEU', () => {
  it('multiplies shares of n-grams, halving those without a match', () => {
    // the cat · on the · the mat; on the mat; none of the three 4-grams
    const bleu = corpusBleu(['the cat sat on the mat'], ['the cat is on the mat']);
    expect(bleu.matches).toEqual([5, 3, 1, 0]);
    expect(bleu.totals).toEqual([6, 5, 4, 3]);
    for (const [n, share] of [5 / 6, 3 / 5, 1 / 4, 1 / 2 / 3].entries()) {
      expect(bleu.precisions[n]).toBeCloseTo(100 * share, 10);
    }
    expect(bleu.score).toBeCloseTo(100 * ((5 / 6) * (3 / 5) * (1 / 4) * (1 / 6)) ** 0.25, 10);
    expect(bleu.brevityPenalty).toBe(1);
  });

  it.each([
    ['exp', [1, 1 / 2 / 2, 1 / 4]],
    ['floor', [1, 0.1 / 2, 0.1]],
    ['add-k', [1, 1 / 3, 1 / 2, 1]],
    ['none', [1, 0, 0]],
  ] as const)('smooths with %s', (smooth, shares) => {
    // three words right, in the wrong order; no 4-gram
    const { score, precisions } = sentenceBleu('a b c', 'c b a', { smooth });
    for (const [n, share] of shares.entries()) expect(precisions[n]).toBeCloseTo(100 * share, 10);
    expect(score).toBeCloseTo(100 * shares.reduce((a, b) => a * b, 1) ** (1 / shares.length), 10);
  });

  it('counts a word as often as the reference that has it most (Papineni et al. 2002)', () => {
    const references = [['the cat is on the mat', 'there is a cat on the mat']];
    expect(corpusBleu(['the the the the the the the'], references).matches[0]).toBe(2);
  });

  it('penalises brevity against the nearest reference, the shorter of two as near', () => {
    expect(sentenceBleu('a b c d', 'a b c d e').score).toBeCloseTo(100 * Math.exp(1 - 5 / 4), 10);
    expect(sentenceBleu('a b c d', ['a b c d e', 'x y z']).referenceLength).toBe(3);
    expect(sentenceBleu('a b c d', ['a b c d e', 'x']).brevityPenalty).toBeCloseTo(Math.exp(-1 / 4), 10);
  });

  it('averages over the orders a sentence has, a corpus over four', () => {
    expect(sentenceBleu('the cat', 'the cat').score).toBe(100);
    expect(corpusBleu(['the cat'], ['the cat']).score).toBe(0);
    expect(corpusBleu(['the cat'], ['the cat'], { effectiveOrder: true }).score).toBe(100);
  });

  it('sums counts over sentences before it divides', () => {
    const bleu = corpusBleu(['a b c d e', 'x'], ['a b c d e', 'y']);
    expect(bleu.precisions[0]).toBeCloseTo((100 * 5) / 6, 10);
    expect(bleu.score).toBeCloseTo(100 * (5 / 6) ** 0.25, 10);
  });

  it('says what it depends on', () => {
    const tail = `version:${version}-heddle`;
    const zh = corpusBleu(['好'], ['好'], { tokenize: 'zh' });
    expect(zh.signature).toBe(`nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|${tail}`);
    const var2 = corpusBleu(['a', 'b'], ['a', ['b', 'c']], { lowercase: true, smooth: 'floor', effectiveOrder: true });
    expect(var2.signature).toBe(`nrefs:var|case:lc|eff:yes|tok:13a|smooth:floor[0.10]|${tail}`);
  });

  it('takes empty sentences', () => {
    expect(sentenceBleu('', 'a b')).toMatchObject({ score: 0, brevityPenalty: 0, precisions: [0, 0, 0, 0] });
    expect(sentenceBleu('a b', '')).toMatchObject({ score: 0, referenceLength: 0, brevityPenalty: 1 });
    expect(sentenceBleu('', '').score).toBe(0);
    expect(corpusBleu(['', 'a b c d'], ['a', 'a b c d']).score).toBeCloseTo(100 * Math.exp(1 - 5 / 4), 10);
  });
});

describe('chrF', () => {
  it('weighs recall four times', () => {
    // 1: precision 2/2, recall 2/3. 2: 1/1, 1/2. The hypothesis has no more orders.
    expect(sentenceChrf('ab', 'abc').score).toBeCloseTo((100 * 7) / 11, 10);
    expect(sentenceChrf('abc', 'ab').score).toBeCloseTo((100 * (5 * (7 / 12))) / (4 * (7 / 12) + 1), 10);
    expect(sentenceChrf('ab', 'abc', { epsSmoothing: true }).score).toBeCloseTo((100 * (5 / 7 + 5 / 9)) / 6, 10);
  });

  it('counts words for chrF++, punctuation cut off at one end', () => {
    // as above and one word wrong
    expect(sentenceChrf('ab', 'abc', { wordOrder: 2 }).score).toBeCloseTo((100 * 14) / 33, 10);
    const words = { charOrder: 0, wordOrder: 1 };
    expect(sentenceChrf('(hi', '(hi)', words).score).toBe(0);
    expect(sentenceChrf('(hi ) "', '(hi) "', words).score).toBeCloseTo((100 * 5 * (1 / 2) * (2 / 3)) / (2 + 2 / 3), 10);
  });

  it('leaves white space and halves of characters out', () => {
    expect(sentenceChrf('a b', 'ab').score).toBe(100);
    expect(sentenceChrf('a b', 'ab', { whitespace: true }).score).toBeLessThan(100);
    expect(sentenceChrf('\u{1f600}', '\u{1f601}').score).toBe(0);
  });

  it('sums the counts of the best references', () => {
    // 2 + 1 of 3 characters, 1 of 1 pair
    const both = corpusChrf(['ab', 'c'], [['xy', 'ab'], 'd'], { charOrder: 2 });
    expect(both.score).toBeCloseTo((100 * (2 / 3 + 1)) / 2, 10);
  });

  it('says what it depends on', () => {
    const { name, signature } = corpusChrf(['a'], [['a', 'b']], { wordOrder: 2 });
    expect(name).toBe('chrF2++');
    expect(signature).toBe(`nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|version:${version}-heddle`);
  });

  it('takes empty sentences', () => {
    expect([sentenceChrf('', 'a'), sentenceChrf('a', ''), sentenceChrf('', '')].map(({ score }) => score)).toEqual([
      0, 0, 0,
    ]);
  });
});

it('exactMatch counts hypotheses that are a reference', () => {
  expect(exactMatch(['a ', 'b', 'C', ''], ['a', ['x', 'b'], 'c', 'd'])).toBe(50);
});

describe('errors', () => {
  it.each([
    [() => corpusBleu(['a', 'b'], ['a']), 'corpusBleu: 2 hypotheses, but 1 entries of references. Give for every'],
    [() => corpusChrf(['a', 'b', 'c'], [['a', 'b', 'c']]), 'These are sets of references: turn them around'],
    [() => corpusBleu([], []), 'corpusBleu: no hypotheses'],
    [() => exactMatch(['a', 'b'], ['a', []]), 'exactMatch: hypothesis 1 has no reference'],
    [() => sentenceBleu('a', []), 'sentenceBleu: hypothesis has no reference'],
    [() => corpusBleu([undefined as never], ['a']), 'hypothesis 0 is undefined, expected a string'],
    [() => sentenceChrf('a', [null as never]), 'not a string or a list of strings'],
    [() => sentenceBleu('a', 'a', { tokenize: 'intl' as never }), 'tokenize "intl", expected 13a, zh, none'],
    [() => sentenceBleu('a', 'a', { smooth: 'toString' as never }), 'expected exp, floor, add-k, none'],
    [() => sentenceChrf('a', 'a', { charOrder: 0 }), 'nothing to compare'],
    [() => sentenceChrf('a', 'a', { beta: Number.NaN }), 'beta NaN'],
  ])('%s', (run, message) => {
    expect(run).toThrow(message);
  });
});

describe('any text', () => {
  const word = fc.oneof(
    fc.constantFrom('a', 'b', 'the', '，', '好', '3.5', '"x"', '\u{20000}'),
    fc.string({ unit: 'binary' }),
  );
  const line = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
  const tokenize = fc.constantFrom<BleuTokenizer>('13a', 'zh', 'none');
  const corpus = fc.array(fc.tuple(line, fc.array(line, { minLength: 1, maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  });

  it('scores 100 against itself', () => {
    fc.assert(
      fc.property(line, line, tokenize, (text, other, t) => {
        fc.pre(tokenizers[t](text).length > 0);
        expect(sentenceBleu(text, [other, text], { tokenize: t }).score).toBeCloseTo(100, 9);
        expect(sentenceChrf(text, [other, text], { wordOrder: 2 }).score).toBeCloseTo(100, 9);
      }),
    );
  });

  it('scores the same whatever the order of references', () => {
    fc.assert(
      fc.property(line, fc.array(line, { minLength: 1, maxLength: 4 }), tokenize, (text, references, t) => {
        const turned = [...references].reverse();
        expect(sentenceBleu(text, turned, { tokenize: t })).toEqual(sentenceBleu(text, references, { tokenize: t }));
        expect(sentenceChrf(text, turned)).toEqual(sentenceChrf(text, references));
      }),
    );
  });

  it('scores from 0 to 100', () => {
    fc.assert(
      fc.property(corpus, tokenize, fc.boolean(), (pairs, t, flag) => {
        const [hypotheses, references] = [pairs.map(([h]) => h), pairs.map(([, r]) => r)];
        const options = { tokenize: t, effectiveOrder: flag };
        const { score, precisions, brevityPenalty } = corpusBleu(hypotheses, references, options);
        const chrf = corpusChrf(hypotheses, references, { wordOrder: 2, epsSmoothing: flag });
        for (const percent of [score, ...precisions, 100 * brevityPenalty, chrf.score]) {
          expect(percent).toBeGreaterThanOrEqual(0);
          expect(percent).toBeLessThanOrEqual(100 + 1e-9);
        }
      }),
    );
  });
});
