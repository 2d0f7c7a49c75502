import { type Both, type Language, say } from '../language/language.ts';
import { both, html, Markup } from '../view/html.ts';
import { CHART, type ChartOptions, drawChart, heightOf } from './chart.ts';
import { CHARTS, type ChartData, type ChartKind, type ChartName, kindOf } from './charts.ts';
import { section } from './section.ts';
import { texts } from './texts.ts';

/** Every chart as a section: what it shows, switches for its curves, the drawing, and a line that reads it out. */
export const chartSections = (charts: readonly ChartData[], labelSmoothing: number, language: Language): Markup[] =>
  charts.map((chart) => chartSection(chart, notesOf(chart, labelSmoothing), language));

function notesOf({ name, curves }: ChartData, labelSmoothing: number): Both<string>[] {
  if (name !== 'loss')
    return [{ scores: texts.scoreNote, gradient: texts.gradientNote, memory: texts.memoryNote }[name]];
  const smoothing = `${labelSmoothing}`;
  const { en, zh } = texts.lossNote;
  const notes = [labelSmoothing > 0 ? say(en(smoothing), zh(smoothing)) : texts.lossNotePlain];
  if (curves.some((curve) => curve.name === 'validation')) notes.push(texts.lossValidation);
  return notes;
}

function chartSection(chart: ChartData, notes: readonly Both<string>[], language: Language): Markup {
  const { name, curves } = chart;
  const kind: ChartKind = CHARTS[name];
  const options: ChartOptions = { language, log: kind.log, shown: new Set(curves.map((curve) => curve.name)) };
  const switches = curves.length > 1 ? curves.map((curve) => checkbox(curve.name, kindOf(curve.name).label)) : [];
  if (kind.log) switches.push(checkbox('log', texts.logScale));
  const form =
    switches.length === 0
      ? null
      : html`<form class="switches" id="switches-${name}" hidden><fieldset><legend class="hidden">${both(texts.show)}</legend>${switches}</fieldset></form>
`;
  return section(
    chartId(name),
    kind.title,
    html`${notes.map((note) => html`<p>${both(note)}</p>`)}
${form}<figure class="chart" data-chart="${name}"><div class="scroll"><svg viewBox="0 0 ${CHART.width} ${heightOf(chart)}" role="img" aria-label="${kind.label[language]}">${new Markup(drawChart(chart, options))}</svg></div>
<figcaption><output>${name === 'loss' ? both(texts.chartHint) : null}</output></figcaption></figure>`,
  );
}

const chartId = (name: ChartName): string => `chart-${name}`;

const checkbox = (name: string, label: Both<string>): Markup =>
  html`<label class="${name}"><input type="checkbox" name="${name}" checked><i></i>${both(label)}</label>`;
