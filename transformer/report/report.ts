import { taskNamed } from '../tasks/index.ts';
import { type AttentionChoice, attentionTable } from './attentionTable.ts';
import { chartSections } from './chartSections.ts';
import { chartsOf } from './charts.ts';
import { choiceText, METRICS, metricText } from './choice.ts';
import script from './client.ts?inline';
import { smoothed } from './curves.ts';
import { both, type Content, html, jsonScript, Markup } from './html.ts';
import { type Both, bytes, count, duration, type Language, number, percent, say, TAGS } from './language.ts';
import type { AttentionSample, RunProgress, RunReport, Sample } from './run.ts';
import { section } from './section.ts';
import { structureOf } from './structure.ts';
import style from './style.css?inline';
import { texts } from './texts.ts';

/** Seconds after which the page of a run that goes on loads itself again. */
export const RELOAD_SECONDS = 20;

/** The report of a run as one HTML file that needs nothing else; `language` is the one shown first. */
export function renderReport(run: RunReport, language: Language = 'en'): string {
  const charts = chartsOf(run.log);
  const live = isLive(run.progress);
  const reload = live ? html`<meta http-equiv="refresh" content="${RELOAD_SECONDS}">\n` : null;
  const page = html`<!doctype html>
<html lang="${TAGS[language]}" data-language="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${reload}<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${texts.title[language](run.name)}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#content">${both(texts.skip)}</a>
<header>
<p class="brand">heddle</p>
<button type="button" id="language" hidden><b class="to-en" lang="en">English</b><b class="to-zh" lang="zh-CN">中文</b></button>
<h1>${both(texts.heading)} <code>${run.name}</code></h1>
<p class="lead">${both(texts.lead)}</p>
</header>
<main id="content">
${[standing(run), summary(run), chartSections(charts, run.training.labelSmoothing, language), attention(run), samples(run), reproduce(run)]}
</main>
<footer><p>${both(texts.footer)}</p></footer>
${jsonScript('run-data', { name: run.name, written: live ? run.written : null, charts, showcase: run.showcase.map(compact) })}
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return page.text;
}

/** A text made with the same values in both languages. */
const bothOf = <A extends readonly unknown[]>(text: Both<(...values: A) => string>, ...values: A): Both<string> =>
  say(text.en(...values), text.zh(...values));

/** Whether more is to come, so that the page shall look again. */
const isLive = ({ state }: RunProgress): boolean => state === 'running' || state === 'testing';

/** Where a run stands that has not come to its end. */
function standing({ progress, resume }: RunReport): Markup | null {
  const { state, step, steps, left } = progress;
  if (state === 'finished') return null;
  const at = [count(step), count(steps)] as const;
  const parts: Both<string>[] = [
    { running: bothOf(texts.running, ...at), testing: texts.testing, stopped: bothOf(texts.stopped, ...at) }[state],
  ];
  if (state === 'running' && left !== null) {
    const { en, zh } = duration(left);
    parts.push(say(texts.timeLeft.en(en), texts.timeLeft.zh(zh)));
  }
  parts.push(isLive(progress) ? bothOf(texts.reloads, RELOAD_SECONDS) : bothOf(texts.resumes, resume));
  return html`<p class="standing ${state}">${both(say(parts.map((p) => p.en).join(', '), parts.map((p) => p.zh).join('，')))}</p>
${isLive(progress) ? html`<p class="standing stopped" id="stale" hidden></p>` : null}
<progress class="run" value="${step}" max="${Math.max(1, steps)}"></progress>
`;
}

const compact = (sample: AttentionSample): unknown => ({
  source: sample.source,
  sourceTokens: sample.sourceTokens,
  tokens: sample.tokens,
  probabilities: sample.probabilities,
  attention: sample.attention.map((heads) =>
    heads.map((rows) => rows.map((row) => row.map((v) => Number(v.toFixed(3))))),
  ),
});

function summary(run: RunReport): Markup {
  const { config, training, test, log } = run;
  const live = isLive(run.progress);
  const memory = log.at(-1)?.memory;
  const facts: readonly (readonly [Both<string>, Content])[] = [
    [texts.model, both(bothOf(texts.modelShape, config.layers, config.heads, config.dModel, config.feedForward))],
    [texts.structure, both(structureOf(config))],
    [texts.parameters, count(run.parameters)],
    [texts.vocabularies, both(bothOf(texts.vocabularySizes, count(config.srcVocab), count(config.tgtVocab)))],
    [texts.data, both(dataText(run))],
    [
      texts.training,
      both(
        bothOf(
          texts.trainingSteps,
          count(training.steps),
          count(Math.round(training.epochs * 10) / 10),
          count(training.batchTokens),
        ),
      ),
    ],
    [texts.regularisation, both(bothOf(texts.regularisationOf, `${config.dropout}`, `${training.labelSmoothing}`))],
    ...(test === null || !taskNamed(run.task).isText
      ? []
      : [[texts.scores, `BLEU ${test.bleu.score.toFixed(1)}, chrF2 ${test.chrf.score.toFixed(1)}`] as const]),
    [texts.time, both(duration(training.seconds))],
    [texts.speed, both(bothOf(texts.tokensPerSecond, count(Math.round(training.tokensPerSecond))))],
    ...(run.chosen === null ? [] : [[texts.modelUsed, both(choiceText(run.chosen))] as const]),
    ...(memory === undefined
      ? []
      : [[texts.memory, both(bothOf(texts.memoryOf, bytes(memory.used), bytes(memory.peak)))] as const]),
    [
      texts.device,
      run.device.software
        ? html`${run.device.description}<br><small>${both(texts.softwareNote)}</small>`
        : run.device.description,
    ],
  ];
  const hero =
    test === null
      ? html`<p class="hero"><strong>–</strong><span>${both(live ? texts.testLater : texts.noTest)}</span></p>`
      : html`<p class="hero"><strong>${percent(test.right / Math.max(1, test.total))}</strong><span>${both(texts.exactMatch)}<br><small>${both(bothOf(texts.exactMatchOf, count(test.right), count(test.total)))}</small></span></p>`;
  const last = smoothed(log).at(-1);
  return section(
    'summary',
    texts.summary,
    html`<div class="heroes">${hero}${validationHero(run)}
${last === undefined ? null : html`<p class="hero"><strong>${number(last.smooth)}</strong><span>${both(live ? texts.lossNow : texts.finalLoss)}<br><small>${both(texts.finalLossNote)}</small></span></p>`}</div>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${both(name)}</dt><dd>${value}</dd></div>`)}</dl>`,
  );
}

function dataText({ data, task, pairs }: RunReport): Both<string> {
  if (data !== null) return bothOf(texts.fromFile, count(pairs), data.join(' + '));
  return task === 'translate' ? bothOf(texts.builtIn, count(pairs)) : bothOf(texts.made, count(pairs), task);
}

/** What validation found best so far. */
function validationHero({ log, metric }: RunReport): Markup | null {
  const best = [...log].reverse().find(({ validation }) => validation?.best);
  const value = metric && best?.validation?.[metric];
  if (metric === null || best === undefined || typeof value !== 'number') return null;
  const note = bothOf(texts.bestAt, count(best.step));
  return html`
<p class="hero"><strong>${metricText(metric, value)}</strong><span>${both(METRICS[metric])}<br><small>${both(note)}</small></span></p>`;
}

function attention(run: RunReport): Markup | null {
  if (run.showcase.length === 0) return null;
  const layers = run.showcase[0]?.attention.length ?? 0;
  const heads = run.showcase[0]?.attention[0]?.length ?? 0;
  const choice: AttentionChoice = { layer: layers - 1, head: null };
  const options = (n: number, chosen: number): Markup[] =>
    Array.from(
      { length: n },
      (_, i) => html`<option value="${i}"${new Markup(i === chosen ? ' selected' : '')}>${i + 1}</option>`,
    );
  const maps = run.showcase.map(
    (sample, i) => html`<article class="map"><h3 lang="">${sample.source}</h3>
<p><span lang="">${sample.output}</span> ${verdict(sample)}${sample.right ? null : html` <small>${both(texts.reference)}: <span lang="">${sample.references[0] ?? ''}</span></small>`}</p>
<div class="scroll"><table class="attention" data-sample="${i}">${attentionTable(sample, choice)}</table></div>
<p class="readout" aria-live="polite">${both(texts.attentionHint)}</p></article>`,
  );
  return section(
    'attention',
    texts.attention,
    html`<p>${both(texts.attentionNote)}</p>
<form class="switches" id="attention-switches" hidden>
<label>${both(texts.layer)} <select name="layer">${options(layers, choice.layer)}</select></label>
<label>${both(texts.head)} <select name="head"><option value="">mean · 平均</option>${options(heads, -1)}</select></label>
</form>
<p class="legend">${both(texts.scale)} 0 % <i class="ramp"></i> 100 %</p>
${maps}`,
  );
}

const verdict = ({ right }: Sample): Markup =>
  right
    ? html`<span class="verdict right"><b aria-hidden="true">✓</b> ${both(texts.right)}</span>`
    : html`<span class="verdict wrong"><b aria-hidden="true">✗</b> ${both(texts.wrong)}</span>`;

function samples(run: RunReport): Markup | null {
  if (isLive(run.progress)) return null;
  if (run.samples.length === 0) return section('samples', texts.samples, html`<p>${both(texts.noSamples)}</p>`);
  const right = run.samples.filter((s) => s.right).length;
  const choices = [
    ['all', texts.all, run.samples.length],
    ['right', texts.right, right],
    ['wrong', texts.wrong, run.samples.length - right],
  ] as const;
  const radios = choices.map(
    ([value, label, n], i) =>
      html`<label><input type="radio" name="verdict" value="${value}"${new Markup(i === 0 ? ' checked' : '')}>${both(label)} <small>${n}</small></label>`,
  );
  const rows = run.samples.map(
    (s) =>
      html`<tr class="${s.right ? 'right' : 'wrong'}"><td lang="">${s.source}</td><td lang="">${s.references[0] ?? ''}</td><td lang="">${s.output}</td><td>${verdict(s)}</td></tr>`,
  );
  const heads = [texts.source, texts.reference, texts.output, texts.verdict].map(
    (t) => html`<th scope="col">${both(t)}</th>`,
  );
  return section(
    'samples',
    texts.samples,
    html`<p>${both(texts.samplesNote)}</p>
<form class="switches" id="sample-switches" hidden><fieldset><legend class="hidden">${both(texts.filter)}</legend>${radios}</fieldset></form>
<div class="scroll"><table class="samples" id="sample-table"><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

function reproduce(run: RunReport): Markup {
  const { heddle, node, platform } = run.versions;
  return section(
    'reproduce',
    texts.reproduce,
    html`<p>${both(texts.reproduceNote)}</p>
<dl class="facts">
<div class="wide"><dt>${both(texts.command)}</dt><dd><code>${run.command}</code></dd></div>
${run.test === null ? null : html`<div class="wide"><dt>${both(texts.signatures)}</dt><dd><code>${run.test.bleu.signature}</code><br><code>${run.test.chrf.signature}</code></dd></div>`}
<div><dt>${both(texts.seed)}</dt><dd>${String(run.seed)}</dd></div>
<div><dt>${both(texts.versions)}</dt><dd>heddle ${heddle}, Node.js ${node}, ${platform}</dd></div>
<div><dt>${both(run.progress.state === 'finished' ? texts.finished : texts.written)}</dt><dd><time datetime="${run.written}">${run.written.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time></dd></div>
</dl>`,
  );
}
