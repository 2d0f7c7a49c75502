import { describe, expect, it } from 'vitest';
import { linearTicks, logTicks, smoothed, thinned } from '../transformer/report/curves.ts';
import { renderReport } from '../transformer/report/report.ts';
import type { AttentionSample, RunReport } from '../transformer/report/run.ts';
import { viridis } from '../transformer/report/viridis.ts';

/** A sentence that would end the script element, the attribute and the cell, were it not escaped. */
const EVIL = `</script><img src=x onerror="alert('&')">`;

const attentionOf = (rows: number, columns: number): number[][][] =>
  [0, 1].map((head) =>
    Array.from({ length: rows }, (_, r) => {
      const row = Array.from({ length: columns }, (_, c) => Math.exp(-Math.abs(r * 0.8 - c) * (1 + head)));
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map((v) => v / sum);
    }),
  );

function sample(source: string, output: string, right = true): AttentionSample {
  const sourceTokens = [...source.toLowerCase().split(' '), '</s>'];
  const tokens = [...output, '</s>'];
  const attention = [0, 1, 2].map(() => attentionOf(tokens.length, sourceTokens.length));
  return {
    source,
    references: [output],
    output,
    right,
    sourceTokens,
    tokens,
    attention,
    probabilities: tokens.map(() => 0.987),
  };
}

/** A run as training leaves it, of any length. */
function fakeRun(steps = 2400): RunReport {
  const lr = (s: number): number => 256 ** -0.5 * Math.min(s ** -0.5, s * 400 ** -1.5);
  return {
    name: '2025-11-23-1409',
    finished: '2025-11-23T14:38:12.345Z',
    versions: { heddle: '0.1.0', node: '20.20.2', platform: 'linux x64' },
    command: 'heddle train --seed 7 --steps 2400',
    seed: 7,
    device: { description: 'wasm, 2 threads, relaxed SIMD', software: false },
    config: { layers: 3, heads: 8, dModel: 256, feedForward: 1024, dropout: 0.1, srcVocab: 412, tgtVocab: 537 },
    parameters: 5_791_001,
    data: null,
    pairs: 24_000,
    training: {
      steps,
      epochs: 11.25,
      seconds: 1743,
      tokens: 4_321_987,
      tokensPerSecond: 2479.6,
      batchTokens: 2048,
      labelSmoothing: 0.1,
    },
    test: {
      right: 987,
      total: 1000,
      bleu: { score: 97.23, signature: 'nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:0.1.0-heddle' },
      chrf: { score: 98.06, signature: 'nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:0.1.0-heddle' },
    },
    losses: Array.from({ length: steps }, (_, i) => {
      const s = i + 1;
      return {
        step: s,
        loss: 0.62 + 5.6 * Math.exp(-s / 260) + 0.06 * Math.sin(s * 12.9898) * Math.cos(s * 78.2),
        lr: lr(s),
      };
    }),
    showcase: [
      sample('The cat sat on the mat', '猫坐在垫子上'),
      sample('My sister likes those two small dogs', '我姐姐喜欢那两只小狗'),
      sample('He did not go to school', '他没去上学', false),
    ],
    samples: [
      { source: 'The teacher read a book', references: ['老师读了一本书'], output: '老师读了一本书', right: true },
      { source: 'Three birds are in the tree', references: ['三只鸟在树上'], output: '三只鸟在树上', right: true },
      { source: 'Does she have any bread?', references: ['她有面包吗？'], output: '她有一块面包吗？', right: false },
      { source: EVIL, references: ['a & b'], output: '<b>', right: false },
    ],
  };
}

const VOID = new Set(['meta', 'br', 'img', 'input', 'link', 'hr']);

/** The elements of a page in order; throws where tags do not nest. */
function elementsOf(page: string): { tag: string; attributes: string }[] {
  const found: { tag: string; attributes: string }[] = [];
  const open: string[] = [];
  // The content of script and style is no markup.
  const bare = page.replace(/(<(script|style)\b[^>]*>)[\s\S]*?<\/\2>/g, '$1</$2>');
  for (const [, close, tag = '', attributes = ''] of bare.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|[^">])*)>/g)) {
    if (close) {
      const last = open.pop();
      if (last !== tag) throw new Error(`</${tag}> closes <${last}>`);
    } else {
      found.push({ tag, attributes });
      if (!VOID.has(tag) && !attributes.endsWith('/')) open.push(tag);
    }
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
  return found;
}

const attribute = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];

describe('report', () => {
  const page = renderReport(fakeRun());
  const elements = elementsOf(page);

  it('nests its elements, names every id once, and loads nothing', () => {
    const ids = elements.map((e) => attribute(e.attributes, 'id')).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(elements.filter((e) => ['img', 'link', 'iframe'].includes(e.tag))).toEqual([]);
    expect(elements.some((e) => /\b(src|srcset|action)=/.test(e.attributes))).toBe(false);
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    for (const { attributes } of elements) {
      const labelled = attribute(attributes, 'aria-labelledby');
      if (labelled !== undefined) expect(ids).toContain(labelled);
    }
  });

  it('has one heading of the first order, tables with headers, and a title in its language', () => {
    expect(elements.filter((e) => e.tag === 'h1')).toHaveLength(1);
    expect(elements.filter((e) => e.tag === 'h2').length).toBeGreaterThanOrEqual(5);
    for (const { attributes } of elements.filter((e) => e.tag === 'th')) {
      expect(attribute(attributes, 'scope')).toMatch(/^(row|col)$/);
    }
    expect(page).toContain('<title>heddle · training run 2025-11-23-1409</title>');
    const chinese = renderReport(fakeRun(), 'zh');
    expect(chinese).toContain('<html lang="zh-CN" data-language="zh">');
    expect(chinese).toContain('<title>heddle · 训练记录 2025-11-23-1409</title>');
  });

  it('says everything in both languages', () => {
    const english = elements.filter((e) => e.tag === 'span' && attribute(e.attributes, 'lang') === 'en');
    const chinese = elements.filter((e) => e.tag === 'span' && attribute(e.attributes, 'lang') === 'zh-CN');
    expect(english.length).toBeGreaterThan(40);
    expect(chinese).toHaveLength(english.length);
    expect(page).toContain('Learning rate'.toLowerCase());
    expect(page).toContain('学习率');
  });

  it('shows the numbers of the run', () => {
    const numbers = [
      '98.7 %',
      '97.2',
      '98.1',
      'tok:zh',
      '987 of 1,000',
      '5,791,001',
      '24,000',
      '2,480',
      '29 min 3 s',
      '3 + 3 layers, 8 heads, width 256',
    ];
    for (const text of [...numbers, 'wasm, 2 threads, relaxed SIMD', 'heddle train --seed 7 --steps 2400', '20.20.2']) {
      expect(page).toContain(text);
    }
  });

  it('lets no sentence out of its place', () => {
    const run = fakeRun();
    const evil = { ...sample(EVIL, '</td>'), references: [EVIL] };
    const text = renderReport({ ...run, name: EVIL, command: EVIL, showcase: [evil] });
    elementsOf(text);
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;/script&gt;&lt;img src=x');
    const json = /<script type="application\/json" id="run-data">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(json).not.toMatch(/[<>]/);
    const data = JSON.parse(json);
    expect(data.name).toBe(EVIL);
    expect(data.showcase[0].source).toBe(EVIL);
    expect(data.points.at(-1)[0]).toBe(2400);
  });

  it('makes a page of a run that has hardly begun', () => {
    const run = { ...fakeRun(1), test: null, showcase: [], samples: [] };
    const text = renderReport(run);
    elementsOf(text);
    expect(text).not.toContain('NaN');
    expect(elementsOf(renderReport({ ...run, losses: [] })).length).toBeGreaterThan(10);
    expect(page).not.toContain('NaN');
  });
});

describe('curves', () => {
  it('smooth to the mean of a constant, from the first point on', () => {
    const flat = smoothed(Array.from({ length: 300 }, (_, i) => ({ step: i + 1, loss: 2, lr: 0 })));
    for (const p of flat) expect(p.smooth).toBeCloseTo(2, 12);
  });

  it('keep both ends and every extreme when they are thinned', () => {
    const points = smoothed(fakeRun(5000).losses.map((p) => (p.step === 2500 ? { ...p, loss: 99 } : p)));
    const few = thinned(points, 200);
    expect(few.length).toBeLessThanOrEqual(200);
    expect(few[0]!.step).toBe(1);
    expect(few.at(-1)!.step).toBe(5000);
    expect(few.some((p) => p.loss === 99)).toBe(true);
    const steps = few.map((p) => p.step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it('have round ticks', () => {
    expect(linearTicks(0, 6.3, 6)).toEqual([0, 2, 4, 6]);
    expect(linearTicks(1, 2400, 7)).toEqual([500, 1000, 1500, 2000]);
    expect(linearTicks(3, 3, 5)).toEqual([3]);
    expect(logTicks(0.09, 7)).toEqual([0.1, 0.2, 0.5, 1, 2, 5]);
  });

  it('take their colours from viridis', () => {
    // matplotlib's table at 0, 0.5 and 1
    const table = [
      [0, [68, 1, 84]],
      [0.5, [33, 145, 140]],
      [1, [253, 231, 37]],
    ] as const;
    for (const [value, rgb] of table) {
      for (const [i, channel] of viridis(value).entries()) expect(Math.abs(channel - rgb[i]!)).toBeLessThanOrEqual(4);
    }
  });
});
