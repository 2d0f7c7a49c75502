import { describe, expect, it } from 'vitest';
import { renderReport } from '../transformer/report/report.ts';
import { linearTicks, logTicks, type Point, smoothed, thinned } from '../transformer/view/curves.ts';
import { viridis } from '../transformer/view/viridis.ts';
import { EVIL, fakeRun, sample } from './support/report.ts';

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
      'pre-norm, LayerNorm, GELU, 99 learned positions, shared embeddings',
      '前置归一化，LayerNorm，GELU，99 个学习式位置，共用嵌入',
    ];
    for (const text of [...numbers, 'wasm, 2 threads, relaxed SIMD', 'heddle train --seed 7 --steps 2400', '20.20.2']) {
      expect(page).toContain(text);
    }
  });

  it('begins with what says most: exact answers of a made task, the corpus score of a user’s own sentences', () => {
    const headline = (html: string): string | undefined => /<p class="hero"><strong>([^<]*)/.exec(html)?.[1];
    expect(headline(page)).toBe('98.7 %');
    expect(page).toContain('class="verdict wrong"');
    const own = renderReport({ ...fakeRun(), data: ['pairs.tsv'] });
    expect(headline(own)).toBe('97.2');
    // people translate in many ways
    expect(own).not.toContain('class="verdict wrong"');
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
    expect(data.charts[0].curves[0].points.at(-1)[0]).toBe(2400);
  });

  it('loads itself again while the run goes on, and says where it stands', () => {
    const refresh = /<meta http-equiv="refresh" content="20">/;
    expect(page).not.toMatch(refresh);
    const run = { ...fakeRun(), test: null, samples: [], showcase: [] };
    const at = { step: 1500, steps: 2400, left: 431 };
    const live = renderReport({ ...run, progress: { state: 'running', ...at } });
    elementsOf(live);
    expect(live).toMatch(refresh);
    expect(live).toContain('Training: step 1,500 of 2,400, about 7 min 11 s left, this page loads itself again');
    expect(live).toContain('训练中：第 1,500 / 2,400 步，约剩 7 分 11 秒');
    expect(renderReport({ ...run, progress: { state: 'testing', ...at } })).toMatch(refresh);
    const stopped = renderReport({ ...run, progress: { state: 'stopped', ...at } });
    expect(stopped).not.toMatch(refresh);
    expect(stopped).toContain(
      'Stopped after step 1,500 of 2,400, go on with heddle train --resume runs/2025-11-23-1409',
    );
  });

  it('draws every curve there is something of', () => {
    const curves = (text: string): string[] =>
      [...text.matchAll(/<path class="curve (\w+)" d="M[^"]+L/g)].map((m) => m[1]!);
    expect(curves(page)).toEqual(['raw', 'smooth', 'validation', 'lr', 'bleu', 'chrf', 'gradient', 'peak', 'used']);
    const bare = fakeRun().log.map(({ step, loss, lr, gradNorm }) => ({ step, loss, lr, gradNorm }));
    expect(curves(renderReport({ ...fakeRun(), log: bare }))).toEqual(['raw', 'smooth', 'lr', 'gradient']);
    expect(page).toContain('step 2,100, the best by validation (BLEU 93.1)');
    expect(page).toContain('第 2,100 步，验证结果最好（BLEU 93.1）');
    expect(page).toContain('93 MB between steps, 243 MB at most');
  });

  it('makes a page of a run that has hardly begun', () => {
    const run = { ...fakeRun(1), test: null, showcase: [], samples: [] };
    const text = renderReport(run);
    elementsOf(text);
    expect(text).not.toContain('NaN');
    expect(elementsOf(renderReport({ ...run, log: [] })).length).toBeGreaterThan(10);
    expect(page).not.toContain('NaN');
  });
});

describe('curves', () => {
  it('smooth to the mean of a constant, from the first point on', () => {
    const flat = smoothed(Array.from({ length: 300 }, (_, i) => ({ step: i + 1, loss: 2, lr: 0 })));
    for (const p of flat) expect(p.smooth).toBeCloseTo(2, 12);
  });

  it('keep both ends and every extreme when they are thinned', () => {
    const points = fakeRun(5000).log.map(({ step, loss }): Point => [step, step === 2500 ? 99 : loss]);
    const few = thinned(points, 200);
    expect(few.length).toBeLessThanOrEqual(200);
    expect(few[0]![0]).toBe(1);
    expect(few.at(-1)![0]).toBe(5000);
    expect(few.some(([, loss]) => loss === 99)).toBe(true);
    const steps = few.map(([step]) => step);
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
