/** Draws the curves of a report: the page has them as JSON, and an element for each. */
import uPlot from 'uplot';
import type { Curve } from './curves.ts';

const COLOURS = ['#d1495b', '#2e86ab', '#6a994e', '#8d6bb8', '#bc6c25', '#555555'];
const HEIGHT = 260;

function draw({ sizes, series, unit }: Curve, into: HTMLElement): void {
  const ink = getComputedStyle(into).color;
  const axis = { stroke: ink, grid: { stroke: `color-mix(in srgb, ${ink} 12%, transparent)` } };
  const plot = new uPlot(
    {
      ...{ width: into.clientWidth, height: HEIGHT },
      scales: { x: { time: false, distr: 3, log: 2 }, y: { range: (_, _low, high) => [0, high * 1.05] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((n) => (sizes.includes(n) ? String(n) : '')) },
        { ...axis, label: unit, size: 60 },
      ],
      series: [
        { label: 'size' },
        ...series.map(({ label }, i) => ({
          ...{ label, stroke: COLOURS[i % COLOURS.length]!, width: i === 0 ? 3 : 1.5, spanGaps: true },
          ...(label.includes('this machine') && { dash: [6, 4], points: { show: false } }),
          value: (_: uPlot, v: number | null) => (v == null ? '–' : v.toPrecision(3)),
        })),
      ],
    },
    [[...sizes], ...series.map(({ values }) => [...values])] as uPlot.AlignedData,
    into,
  );
  new ResizeObserver(() => plot.setSize({ width: into.clientWidth, height: HEIGHT })).observe(into);
}

const curves = JSON.parse(document.getElementById('curves')!.textContent!) as Curve[];
for (const [i, into] of [...document.querySelectorAll<HTMLElement>('[data-curve]')].entries()) draw(curves[i]!, into);
