/** The script of the report: language, curves under the pointer, attention maps by head, and the table's filter. */
import {
  type AttentionChoice,
  type AttentionData,
  attentionTable,
  chosenWeights,
  readBefore,
} from './attentionTable.ts';
import { CHART, type ChartOptions, chartScales, describePoint, drawChart } from './chart.ts';
import type { CurvePoint } from './curves.ts';
import { type Language, percent, TAGS } from './language.ts';
import { texts } from './texts.ts';

interface PageData {
  readonly name: string;
  /** step, loss, running mean, learning rate */
  readonly points: readonly (readonly [number, number, number, number])[];
  readonly showcase: readonly AttentionData[];
}

const find = <E extends Element>(selector: string): E | null => document.querySelector<E>(selector);
const root = document.documentElement;
const data = JSON.parse(find('#run-data')?.textContent ?? '{}') as PageData;
const redraws: (() => void)[] = [];
const language = (): Language => (root.dataset['language'] === 'zh' ? 'zh' : 'en');

/** Controls are of no use without a script, so the page comes with them hidden. */
for (const element of document.querySelectorAll('[hidden]')) element.removeAttribute('hidden');

/** Controls act at once; Enter in one of them must not load the page again. */
for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', (event) => event.preventDefault());
}

function speak(chosen: Language): void {
  root.dataset['language'] = chosen;
  root.lang = TAGS[chosen];
  document.title = texts.title[chosen](data.name);
  for (const redraw of redraws) redraw();
}

find('#language')?.addEventListener('click', () => {
  const other = language() === 'en' ? 'zh' : 'en';
  try {
    localStorage.setItem('heddle-language', other);
  } catch {
    // A page from a file may have no storage; then the choice lasts as long as the page.
  }
  speak(other);
});

/** Loss curves: switches above, a cursor for pointer and keyboard, a line of text below. */
function chart(svg: SVGSVGElement, readout: HTMLElement, form: HTMLFormElement): void {
  const points: CurvePoint[] = data.points.map(([step, loss, smooth, lr]) => ({ step, loss, smooth, lr }));
  let at: number | null = null;

  const options = (): ChartOptions => {
    const chosen = new FormData(form);
    const on = (name: string): boolean => chosen.has(name);
    return { language: language(), log: on('log'), raw: on('raw'), smooth: on('smooth'), lr: on('lr') };
  };
  const draw = (): void => {
    svg.innerHTML = drawChart(points, options());
    svg.setAttribute('aria-label', texts.chartLabel[language()]);
    if (at !== null) point(at);
  };
  const point = (index: number): void => {
    at = Math.min(points.length - 1, Math.max(0, index));
    const p = points[at]!;
    const { log, smooth } = options();
    const scales = chartScales(points, log);
    const [x, y] = [`${scales.x(p.step)}`, `${scales.y(smooth ? p.smooth : p.loss)}`];
    const cursor = svg.querySelector('.cursor');
    cursor?.setAttribute('visibility', 'visible');
    cursor?.querySelector('line')?.setAttribute('x1', x);
    cursor?.querySelector('line')?.setAttribute('x2', x);
    cursor?.querySelector('circle')?.setAttribute('cx', x);
    cursor?.querySelector('circle')?.setAttribute('cy', y);
    const text = describePoint(p, language());
    readout.textContent = text;
    svg.setAttribute('aria-valuenow', `${p.step}`);
    svg.setAttribute('aria-valuetext', text);
  };

  svg.setAttribute('role', 'slider');
  svg.setAttribute('tabindex', '0');
  svg.setAttribute('aria-valuemin', `${points[0]?.step ?? 0}`);
  svg.setAttribute('aria-valuemax', `${points.at(-1)?.step ?? 0}`);
  svg.setAttribute('aria-valuenow', `${points.at(-1)?.step ?? 0}`);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * CHART.width;
    const { x: place } = chartScales(points, false);
    const distance = (i: number): number => Math.abs(place(points[i]!.step) - x);
    point(points.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0));
  });
  svg.addEventListener('focus', () => point(at ?? points.length - 1));
  svg.addEventListener('keydown', (event) => {
    const from = at ?? points.length - 1;
    const page = Math.max(1, Math.round(points.length / 20));
    const moves: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - page,
      PageUp: from + page,
      Home: 0,
      End: points.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });
  form.addEventListener('change', draw);
  redraws.push(draw);
}

/** An attention map: weights of the chosen layer and head, a read-out for the cell under pointer or focus. */
function attentionMap(table: HTMLTableElement, form: HTMLFormElement): void {
  const sample = data.showcase[Number(table.dataset['sample'])];
  const readout = table.closest('article')?.querySelector('.readout');
  if (!sample || !readout) return;
  let current: readonly [row: number, column: number] | null = null;

  const choice = (): AttentionChoice => {
    const chosen = new FormData(form);
    const head = chosen.get('head');
    return { layer: Number(chosen.get('layer')), head: head === '' || head === null ? null : Number(head) };
  };
  const cell = (row: number, column: number): HTMLElement | null =>
    table.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  const tell = (): void => {
    if (current === null) return;
    const [row, column] = current;
    const weight = chosenWeights(sample, choice())[row]?.[column] ?? 0;
    const names = [readBefore(sample, row), sample.tokens[row] ?? '', sample.sourceTokens[column] ?? ''] as const;
    readout.textContent = texts.attentionCell[language()](...names, percent(weight));
  };
  const over = (event: Event): void => {
    const { row, column } = ((event.target as Element).closest('.weight') as HTMLElement | null)?.dataset ?? {};
    if (row === undefined || column === undefined) return;
    current = [Number(row), Number(column)];
    tell();
  };

  table.addEventListener('pointerover', over);
  table.addEventListener('focusin', over);
  table.addEventListener('keydown', (event) => {
    const moves: Record<string, readonly [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (move === undefined || current === null) return;
    const to = cell(current[0] + move[0], current[1] + move[1]);
    if (to === null) return;
    event.preventDefault();
    cell(...current)?.setAttribute('tabindex', '-1');
    to.setAttribute('tabindex', '0');
    to.focus();
  });
  form.addEventListener('change', () => {
    table.innerHTML = attentionTable(sample, choice()).text;
    tell();
  });
  redraws.push(tell);
}

const [svg, readout, switches] = [
  find<SVGSVGElement>('#chart'),
  find<HTMLElement>('#chart-readout'),
  find<HTMLFormElement>('#chart-switches'),
];
if (svg && readout && switches) chart(svg, readout, switches);
const heads = find<HTMLFormElement>('#attention-switches');
if (heads)
  for (const table of document.querySelectorAll<HTMLTableElement>('table.attention')) attentionMap(table, heads);
find<HTMLFormElement>('#sample-switches')?.addEventListener('change', (event) => {
  const table = find<HTMLElement>('#sample-table');
  if (table) table.dataset['show'] = (event.target as HTMLInputElement).value;
});

/** The language chosen before, or none. */
function remembered(): string | null {
  try {
    return localStorage.getItem('heddle-language');
  } catch {
    return null;
  }
}
const before = remembered();
if (before === 'en' || before === 'zh') speak(before);
