import { type Both, count, type Language } from '../language/language.ts';
import { linearTicks, logTicks, type Point } from '../view/curves.ts';
import { escapeHtml } from '../view/html.ts';
import { CHARTS, type ChartData, type ChartKind, type Curve, type CurveName, kindOf } from './charts.ts';
import { texts } from './texts.ts';

/** What of a chart is shown, and how. */
export interface ChartOptions {
  readonly language: Language;
  readonly log: boolean;
  readonly shown: ReadonlySet<CurveName>;
}

/** Pixels of the drawing; it is scaled to the width of the page. */
export const CHART = { width: 820, left: 56, right: 64, top: 30, bottom: 46 } as const;

/** The chart of the losses is what one looks at first. */
export const heightOf = ({ name }: ChartData): number => (name === 'loss' ? 340 : 240);

/** Where a point of the curves lies in the drawing. */
export interface ChartScales {
  readonly first: number;
  readonly last: number;
  /** Ends of the left axis. */
  readonly low: number;
  readonly high: number;
  /** Upper end of the right axis, which begins at 0. */
  readonly top: number;
  x(step: number): number;
  y(value: number, axis: 'left' | 'right'): number;
}

/** Scales over all curves, shown or not, so that switching one off moves nothing. */
export function chartScales(chart: ChartData, log: boolean): ChartScales {
  const values = (axis: 'left' | 'right'): number[] =>
    chart.curves.filter(({ name }) => kindOf(name).axis === axis).flatMap(({ points }) => points.map((p) => p[1]));
  const [first, last] = chart.steps;
  const { low, high } = extent(values('left'), log);
  const top = values('right').reduce((a, b) => Math.max(a, b), 0) * 1.05 || 1;
  const [x0, x1, y0, y1] = [CHART.left, CHART.width - CHART.right, heightOf(chart) - CHART.bottom, CHART.top];
  const f = log ? Math.log10 : (v: number): number => v;
  const between = (v: number, a: number, b: number): number => (b > a ? (v - a) / (b - a) : 0.5);
  const share = (v: number, axis: 'left' | 'right'): number =>
    axis === 'right' ? between(v, 0, top) : between(f(Math.max(v, low)), f(low), f(high));
  return {
    ...{ first, last, low, high, top },
    x: (step) => x0 + (x1 - x0) * between(step, first, last),
    y: (value, axis) => y0 + (y1 - y0) * share(value, axis),
  };
}

function extent(values: readonly number[], log: boolean): { readonly low: number; readonly high: number } {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!log) return { low: Math.min(0, least), high: Math.max(most * 1.04, 1e-6) };
  const low = Math.max(least, most * 1e-6, 1e-9) * 0.9;
  return { low, high: Math.max(most * 1.1, low * 1.5) };
}

/** The inside of the `<svg>`: axes, curves, and a cursor that a script moves. */
export function drawChart(chart: ChartData, { language, log, shown }: ChartOptions): string {
  const { left, right, top, bottom, width } = CHART;
  const height = heightOf(chart);
  const kind: ChartKind = CHARTS[chart.name];
  const t = (text: Both<string>): string => escapeHtml(text[language]);
  const scales = chartScales(chart, log);
  const floor = height - bottom;
  const end = width - right;
  const parts: string[] = [];

  for (const tick of log ? logTicks(scales.low, scales.high) : linearTicks(scales.low, scales.high, 6)) {
    const y = fixed(scales.y(tick, 'left'));
    parts.push(`<line class="grid" x1="${left}" x2="${end}" y1="${y}" y2="${y}"/>`);
    parts.push(`<text class="tick" x="${left - 8}" y="${y}" dy=".32em" text-anchor="end">${shortNumber(tick)}</text>`);
  }
  for (const tick of linearTicks(scales.first, scales.last, 7)) {
    const x = fixed(scales.x(tick));
    parts.push(`<line class="axis" x1="${x}" x2="${x}" y1="${floor}" y2="${floor + 5}"/>`);
    parts.push(`<text class="tick" x="${x}" y="${floor + 18}" text-anchor="middle">${count(tick)}</text>`);
  }
  parts.push(`<line class="axis" x1="${left}" x2="${end}" y1="${floor}" y2="${floor}"/>`);
  parts.push(`<text class="name" x="${left - 8}" y="${top - 14}" text-anchor="end">${t(kind.left)}</text>`);
  const middle = (left + end) / 2;
  parts.push(`<text class="name" x="${middle}" y="${height - 6}" text-anchor="middle">${t(texts.step)}</text>`);

  const curves = chart.curves.filter(({ name }) => shown.has(name));
  if (kind.right !== null && curves.some(({ name }) => kindOf(name).axis === 'right')) {
    for (const tick of linearTicks(0, scales.top, 4)) {
      const y = fixed(scales.y(tick, 'right'));
      parts.push(`<text class="tick rate" x="${end + 8}" y="${y}" dy=".32em">${shortNumber(tick)}</text>`);
    }
    parts.push(`<text class="name rate" x="${end + 8}" y="${top - 14}" text-anchor="middle">${t(kind.right)}</text>`);
  }
  for (const curve of curves) parts.push(drawCurve(curve, scales));
  parts.push(`<g class="cursor" visibility="hidden"><line y1="${top}" y2="${floor}"/><circle r="4"/></g>`);
  return parts.join('');
}

function drawCurve({ name, points }: Curve, scales: ChartScales): string {
  const { axis, dots = false } = kindOf(name);
  const places = points.map(([step, value]) => [fixed(scales.x(step)), fixed(scales.y(value, axis))] as const);
  const line = places.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const marks = dots ? places.map(([x, y]) => `<circle class="dot ${name}" cx="${x}" cy="${y}" r="3"/>`).join('') : '';
  return `<path class="curve ${name}" d="${line}"/>${marks}`;
}

const fixed = (pixels: number): string => String(Math.round(pixels * 10) / 10);

/** A tick as short as can be: `0.5`, `200`, `5e-4`. */
function shortNumber(value: number): string {
  const plain = String(Number(value.toPrecision(3)));
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential().replace('e-', 'e−') : plain;
}

/** The point of a curve at a step, or the last one before it; null before its first. */
export function pointAt(points: readonly Point[], step: number): Point | null {
  let found: Point | null = null;
  for (const point of points) {
    if (point[0] > step) break;
    found = point;
  }
  return found;
}

/** One line about a step, for the read-out and for screen readers: `step 120: every step 3.2, learning rate 0.001`. */
export function describeStep({ curves }: ChartData, step: number, language: Language): string {
  const parts = curves.flatMap(({ name, points }) => {
    const point = pointAt(points, step);
    return point === null ? [] : [`${kindOf(name).label[language]} ${kindOf(name).text(point[1])}`];
  });
  return texts.readout[language](count(step), parts);
}
