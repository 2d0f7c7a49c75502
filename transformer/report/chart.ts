import { type CurvePoint, linearTicks, logTicks } from './curves.ts';
import { escapeHtml } from './html.ts';
import { count, type Language, number } from './language.ts';
import { texts } from './texts.ts';

/** What of the curves is shown, and how. */
export interface ChartOptions {
  readonly language: Language;
  readonly log: boolean;
  readonly raw: boolean;
  readonly smooth: boolean;
  readonly lr: boolean;
}

/** Pixels of the drawing; it is scaled to the width of the page. */
export const CHART = { width: 820, height: 340, left: 56, right: 64, top: 30, bottom: 46 } as const;

/** Where a point of the curves lies in the drawing. */
export interface ChartScales {
  x(step: number): number;
  y(loss: number): number;
  rate(lr: number): number;
}

/** Scales over all points: step to the right, loss on the left axis, learning rate on the right one. */
export function chartScales(points: readonly CurvePoint[], log: boolean): ChartScales & Extents {
  const extents = extentsOf(points, log);
  const { left, right, top, bottom, width, height } = CHART;
  const [x0, x1, y0, y1] = [left, width - right, height - bottom, top];
  const f = log ? Math.log10 : (v: number): number => v;
  const between = (v: number, a: number, b: number): number => (b > a ? (v - a) / (b - a) : 0.5);
  return {
    ...extents,
    x: (step) => x0 + (x1 - x0) * between(step, extents.first, extents.last),
    y: (loss) => y0 + (y1 - y0) * between(f(Math.max(loss, extents.low)), f(extents.low), f(extents.high)),
    rate: (lr) => y0 + (y1 - y0) * between(lr, 0, extents.rate1),
  };
}

interface Extents {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly high: number;
  readonly rate1: number;
}

function extentsOf(points: readonly CurvePoint[], log: boolean): Extents {
  const losses = points.map((p) => p.loss);
  const least = Math.min(...losses);
  const most = Math.max(...losses);
  const rate1 = Math.max(...points.map((p) => p.lr)) * 1.05 || 1;
  const span = { first: points[0]?.step ?? 0, last: points.at(-1)?.step ?? 1, rate1 };
  if (!log) return { ...span, low: Math.min(0, least), high: Math.max(most * 1.04, 1e-6) };
  const low = Math.max(least, most * 1e-6, 1e-9) * 0.9;
  return { ...span, low, high: Math.max(most * 1.1, low * 1.5) };
}

/** The inside of the `<svg>`: axes, curves, and a cursor that a script moves. */
export function drawChart(points: readonly CurvePoint[], options: ChartOptions): string {
  const { language, log, raw, smooth, lr } = options;
  const { left, right, top, bottom, width, height } = CHART;
  const t = (text: { readonly en: string; readonly zh: string }): string => escapeHtml(text[language]);
  const scales = chartScales(points, log);
  const floor = height - bottom;
  const end = width - right;
  const parts: string[] = [];

  const lossTicks = log ? logTicks(scales.low, scales.high) : linearTicks(scales.low, scales.high, 6);
  for (const tick of lossTicks) {
    const y = fixed(scales.y(tick));
    parts.push(`<line class="grid" x1="${left}" x2="${end}" y1="${y}" y2="${y}"/>`);
    parts.push(`<text class="tick" x="${left - 8}" y="${y}" dy=".32em" text-anchor="end">${shortNumber(tick)}</text>`);
  }
  for (const tick of linearTicks(scales.first, scales.last, 7)) {
    const x = fixed(scales.x(tick));
    parts.push(`<line class="axis" x1="${x}" x2="${x}" y1="${floor}" y2="${floor + 5}"/>`);
    parts.push(`<text class="tick" x="${x}" y="${floor + 18}" text-anchor="middle">${count(tick)}</text>`);
  }
  parts.push(`<line class="axis" x1="${left}" x2="${end}" y1="${floor}" y2="${floor}"/>`);
  parts.push(`<text class="name" x="${left - 8}" y="${top - 14}" text-anchor="end">${t(texts.loss)}</text>`);
  parts.push(
    `<text class="name" x="${(left + end) / 2}" y="${height - 6}" text-anchor="middle">${t(texts.step)}</text>`,
  );

  if (lr) {
    for (const tick of linearTicks(0, scales.rate1, 4)) {
      const y = fixed(scales.rate(tick));
      parts.push(`<text class="tick rate" x="${end + 8}" y="${y}" dy=".32em">${shortNumber(tick)}</text>`);
    }
    parts.push(
      `<text class="name rate" x="${end + 8}" y="${top - 14}" text-anchor="middle">${t(texts.learningRate)}</text>`,
    );
    parts.push(
      `<path class="curve lr" d="${path(
        points,
        (p) => scales.x(p.step),
        (p) => scales.rate(p.lr),
      )}"/>`,
    );
  }
  if (raw)
    parts.push(
      `<path class="curve raw" d="${path(
        points,
        (p) => scales.x(p.step),
        (p) => scales.y(p.loss),
      )}"/>`,
    );
  if (smooth) {
    parts.push(
      `<path class="curve smooth" d="${path(
        points,
        (p) => scales.x(p.step),
        (p) => scales.y(p.smooth),
      )}"/>`,
    );
  }
  parts.push(`<g class="cursor" visibility="hidden"><line y1="${top}" y2="${floor}"/><circle r="4"/></g>`);
  return parts.join('');
}

const fixed = (pixels: number): string => String(Math.round(pixels * 10) / 10);

/** A tick as short as can be: `0.5`, `200`, `5e-4`. */
function shortNumber(value: number): string {
  const plain = String(Number(value.toPrecision(3)));
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential().replace('e-', 'e−') : plain;
}

const path = (points: readonly CurvePoint[], x: (p: CurvePoint) => number, y: (p: CurvePoint) => number): string =>
  points.map((p, i) => `${i === 0 ? 'M' : 'L'}${fixed(x(p))} ${fixed(y(p))}`).join('');

/** One line about a point, for the read-out and for screen readers. */
export const describePoint = (point: CurvePoint, language: Language): string =>
  texts.readout[language](count(point.step), number(point.loss), number(point.smooth), number(point.lr));
