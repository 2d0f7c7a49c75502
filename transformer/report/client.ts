/** The script of the report: language, curves under the pointer, attention maps by head, and the table's filter. */

import { duration, type Language, percent, TAGS } from '../language/language.ts';
import {
  type AttentionChoice,
  type AttentionData,
  attentionTable,
  chosenWeights,
  readBefore,
} from '../view/attentionTable.ts';
import { texts as viewTexts } from '../view/texts.ts';
import { CHART, type ChartOptions, chartScales, describeStep, drawChart, pointAt } from './chart.ts';
import { CHARTS, type ChartData, type CurveName, kindOf } from './charts.ts';
import { texts } from './texts.ts';
import { rememberView } from './view.ts';

interface PageData {
  readonly name: string;
  /** When a page was written that loads itself again; null for one that is finished. */
  readonly written: string | null;
  readonly charts: readonly ChartData[];
  readonly showcase: readonly AttentionData[];
}

const find = <E extends Element>(selector: string): E | null => document.querySelector<E>(selector);
const root = document.documentElement;
const data = JSON.parse(find('#run-data')?.textContent ?? '{}') as PageData;
const redraws: (() => void)[] = [];
const language = (): Language => (root.dataset['language'] === 'zh' ? 'zh' : 'en');

/** Controls are of no use without a script, so the page comes with them hidden. */
for (const element of document.querySelectorAll('form, button')) element.removeAttribute('hidden');

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

/** Curves: switches above, a cursor for pointer and keyboard, a line of text below. */
function interactive(chart: ChartData, figure: HTMLElement): void {
  const svg = figure.querySelector('svg');
  const readout = figure.querySelector('output');
  const form = find<HTMLFormElement>(`#switches-${chart.name}`);
  const main = chart.curves[0];
  if (!svg || !readout || !main) return;
  /** The cursor goes over the points of the first curve. */
  const steps = main.points.map(([step]) => step);
  let at: number | null = null;

  const options = (): ChartOptions => {
    const names = chart.curves.map((curve) => curve.name);
    if (!form) return { language: language(), log: CHARTS[chart.name].log, shown: new Set(names) };
    const chosen = new FormData(form);
    const shown = new Set<CurveName>(names.filter((name) => names.length === 1 || chosen.has(name)));
    return { language: language(), log: chosen.has('log'), shown };
  };
  const draw = (): void => {
    svg.innerHTML = drawChart(chart, options());
    svg.setAttribute('aria-label', CHARTS[chart.name].label[language()]);
    if (at !== null) point(at);
  };
  const point = (index: number): void => {
    at = Math.min(steps.length - 1, Math.max(0, index));
    const step = steps[at]!;
    const { log, shown } = options();
    const scales = chartScales(chart, log);
    const x = `${scales.x(step)}`;
    const cursor = svg.querySelector('.cursor');
    cursor?.setAttribute('visibility', 'visible');
    cursor?.querySelector('line')?.setAttribute('x1', x);
    cursor?.querySelector('line')?.setAttribute('x2', x);
    // the last shown: of the losses, the running mean or validation rather than the noise of every step
    const curve = [...chart.curves]
      .reverse()
      .find(({ name }) => shown.has(name) && kindOf(name).axis === 'left' && !kindOf(name).dots);
    const value = curve && pointAt(curve.points, step);
    const circle = cursor?.querySelector('circle');
    circle?.setAttribute('visibility', value ? 'inherit' : 'hidden');
    circle?.setAttribute('cx', x);
    if (value) circle?.setAttribute('cy', `${scales.y(value[1], 'left')}`);
    const text = describeStep(chart, step, language());
    readout.textContent = text;
    svg.setAttribute('aria-valuenow', `${step}`);
    svg.setAttribute('aria-valuetext', text);
  };

  svg.setAttribute('role', 'slider');
  svg.setAttribute('tabindex', '0');
  svg.setAttribute('aria-valuemin', `${steps[0] ?? 0}`);
  svg.setAttribute('aria-valuemax', `${steps.at(-1) ?? 0}`);
  svg.setAttribute('aria-valuenow', `${steps.at(-1) ?? 0}`);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * CHART.width;
    const { x: place } = chartScales(chart, false);
    const distance = (i: number): number => Math.abs(place(steps[i]!) - x);
    point(steps.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0));
  });
  svg.addEventListener('focus', () => point(at ?? steps.length - 1));
  svg.addEventListener('keydown', (event) => {
    const from = at ?? steps.length - 1;
    const page = Math.max(1, Math.round(steps.length / 20));
    const moves: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - page,
      PageUp: from + page,
      Home: 0,
      End: steps.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });
  form?.addEventListener('change', draw);
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
    readout.textContent = viewTexts.attentionCell[language()](...names, percent(weight));
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

for (const chart of data.charts ?? []) {
  const figure = find<HTMLElement>(`figure[data-chart="${chart.name}"]`);
  if (figure) interactive(chart, figure);
}
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

/** A checkpoint of a large model, or a measurement, may take this long. */
const STALE_SECONDS = 180;

/** Says that a run which should go on has not been heard of: a process that was killed cannot say so itself. */
function watchOver(written: string, note: HTMLElement): void {
  const look = (): void => {
    const seconds = (Date.now() - Date.parse(written)) / 1000;
    note.hidden = seconds < STALE_SECONDS;
    note.textContent = texts.stale[language()](duration(seconds)[language()]);
  };
  look();
  redraws.push(look);
  setInterval(look, 10_000);
}
const stale = find<HTMLElement>('#stale');
if (data.written && stale) watchOver(data.written, stale);
if (data.written) rememberView();
