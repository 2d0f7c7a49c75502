import { type Both, bothOf, count, duration, type Language, say, TAGS } from '../language/language.ts';
import { type AttentionChoice, attentionTable } from '../view/attentionTable.ts';
import { both, html, jsonScript, Markup } from '../view/html.ts';
import { chartSections } from './chartSections.ts';
import { chartsOf } from './charts.ts';
import script from './client.ts?inline';
import { type AttentionSample, hasManyAnswers, isLive, type RunReport, type Sample } from './run.ts';
import { section } from './section.ts';
import style from './style.css?inline';
import { summary } from './summary.ts';
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
<p><span lang="">${sample.output}</span> ${verdict(sample, run)}${sample.right ? null : html` <small>${both(texts.reference)}: <span lang="">${sample.references[0] ?? ''}</span></small>`}</p>
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

/** What is said of an output that is the one expected, and of one that is not. */
const verdictsOf = (run: RunReport): readonly [yes: Both<string>, no: Both<string>] =>
  hasManyAnswers(run) ? [texts.same, texts.other] : [texts.right, texts.wrong];

function verdict({ right }: Sample, run: RunReport): Markup {
  const [yes, no] = verdictsOf(run);
  if (right) return html`<span class="verdict right"><b aria-hidden="true">✓</b> ${both(yes)}</span>`;
  return hasManyAnswers(run)
    ? html`<span class="verdict other"><b aria-hidden="true">≠</b> ${both(no)}</span>`
    : html`<span class="verdict wrong"><b aria-hidden="true">✗</b> ${both(no)}</span>`;
}

function samples(run: RunReport): Markup | null {
  if (isLive(run.progress)) return null;
  if (run.samples.length === 0) return section('samples', texts.samples, html`<p>${both(texts.noSamples)}</p>`);
  const right = run.samples.filter((s) => s.right).length;
  const [yes, no] = verdictsOf(run);
  const choices = [
    ['all', texts.all, run.samples.length],
    ['right', yes, right],
    ['wrong', no, run.samples.length - right],
  ] as const;
  const radios = choices.map(
    ([value, label, n], i) =>
      html`<label><input type="radio" name="verdict" value="${value}"${new Markup(i === 0 ? ' checked' : '')}>${both(label)} <small>${n}</small></label>`,
  );
  const rows = run.samples.map(
    (s) =>
      html`<tr class="${s.right ? 'right' : 'wrong'}"><td lang="">${s.source}</td><td lang="">${s.references[0] ?? ''}</td><td lang="">${s.output}</td><td>${verdict(s, run)}</td></tr>`,
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
