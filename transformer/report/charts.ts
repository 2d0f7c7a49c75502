import { type Both, number } from '../language/language.ts';
import type { LogPoint } from '../training/runs/logEntry.ts';
import { type Point, smoothed, thinned } from '../view/curves.ts';
import { texts } from './texts.ts';

/** A curve: what it is called, which axis it is read on, and how a value of it is said. */
interface CurveKind {
  readonly label: Both<string>;
  readonly axis: 'left' | 'right';
  /** A dot at every point: there are few. */
  readonly dots?: boolean;
  text(value: number): string;
}

const score = (value: number): string => value.toFixed(1);
const megabytes = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} MB`;

/** Every curve a report may draw. Their names are classes of the style sheet. */
export const CURVES = {
  raw: { label: texts.everyStep, axis: 'left', text: number },
  smooth: { label: texts.runningMean, axis: 'left', text: number },
  validation: { label: texts.validationLoss, axis: 'left', dots: true, text: number },
  lr: { label: texts.learningRate, axis: 'right', text: number },
  bleu: { label: texts.bleu, axis: 'left', dots: true, text: score },
  chrf: { label: texts.chrf, axis: 'left', dots: true, text: score },
  gradient: { label: texts.gradientNorm, axis: 'left', text: number },
  used: { label: texts.memoryUsed, axis: 'left', text: megabytes },
  peak: { label: texts.memoryPeak, axis: 'left', text: megabytes },
} as const satisfies Record<string, CurveKind>;

export type CurveName = keyof typeof CURVES;

export const kindOf = (name: CurveName): CurveKind => CURVES[name];

/** A chart: its name on the page, and those of its axes. */
export interface ChartKind {
  readonly title: Both<string>;
  /** For those who cannot see it. */
  readonly label: Both<string>;
  readonly left: Both<string>;
  readonly right: Both<string> | null;
  /** The left axis may be logarithmic, and is so at first. */
  readonly log: boolean;
}

export const CHARTS = {
  loss: { title: texts.lossCurve, label: texts.lossLabel, left: texts.loss, right: texts.learningRate, log: true },
  scores: { title: texts.scoreCurves, label: texts.scoreLabel, left: texts.points, right: null, log: false },
  gradient: { title: texts.gradientNorm, label: texts.gradientLabel, left: texts.norm, right: null, log: true },
  memory: { title: texts.memory, label: texts.memoryLabel, left: texts.megabytes, right: null, log: false },
} as const satisfies Record<string, ChartKind>;

export type ChartName = keyof typeof CHARTS;

/** A curve with its points, thinned to what a page can show. */
export interface Curve {
  readonly name: CurveName;
  readonly points: readonly Point[];
}

/** A chart as it travels with the page. */
export interface ChartData {
  readonly name: ChartName;
  /** The first and the last step of the run: all charts are as wide. */
  readonly steps: readonly [first: number, last: number];
  readonly curves: readonly Curve[];
}

/** Five digits are more than a pixel or a read-out shows. */
const rounded = (value: number): number => Number(value.toPrecision(5));

/** The charts of a log; those without points are left out. */
export function chartsOf(log: readonly LogPoint[]): ChartData[] {
  const curve = (name: CurveName, value: (point: LogPoint) => number | null | undefined): Curve => {
    const points = log.flatMap((point): Point[] => {
      const v = value(point);
      return typeof v === 'number' && Number.isFinite(v) ? [[point.step, rounded(v)]] : [];
    });
    return { name, points: thinned(points) };
  };
  const steps = [log[0]?.step ?? 0, log.at(-1)?.step ?? 1] as const;
  const means = thinned(smoothed(log).map(({ step, smooth }): Point => [step, rounded(smooth)]));
  const charts: Omit<ChartData, 'steps'>[] = [
    {
      name: 'loss',
      curves: [
        curve('raw', (p) => p.loss),
        { name: 'smooth', points: means },
        curve('validation', (p) => p.validation?.loss),
        curve('lr', (p) => p.lr),
      ],
    },
    { name: 'scores', curves: [curve('bleu', (p) => p.validation?.bleu), curve('chrf', (p) => p.validation?.chrf)] },
    { name: 'gradient', curves: [curve('gradient', (p) => p.gradNorm)] },
    {
      name: 'memory',
      curves: [
        curve('peak', (p) => p.memory && p.memory.peak / 1e6),
        curve('used', (p) => p.memory && p.memory.used / 1e6),
      ],
    },
  ];
  return charts
    .map(({ name, curves }) => ({ name, steps, curves: curves.filter(({ points }) => points.length > 0) }))
    .filter(({ curves }) => curves.length > 0);
}
