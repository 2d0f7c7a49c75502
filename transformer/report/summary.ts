import { type Both, bothOf, bytes, count, duration, number, percent, say } from '../language/language.ts';
import { structureOf } from '../model/structure.ts';
import { choiceText, METRICS, metricText } from '../training/runs/choice.ts';
import { taskNamed } from '../training/tasks/index.ts';
import { smoothed } from '../view/curves.ts';
import { both, type Content, html, type Markup } from '../view/html.ts';
import { hasManyAnswers, isLive, type RunReport, type TestScores } from './run.ts';
import { section } from './section.ts';
import { texts } from './texts.ts';

type Fact = readonly [name: Both<string>, value: Content];

/** What a run was, at a glance. */
export function summary(run: RunReport): Markup {
  const { config, training, log } = run;
  const memory = log.at(-1)?.memory;
  const facts: readonly Fact[] = [
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
    ...otherScore(run),
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
  return section(
    'summary',
    texts.summary,
    html`<div class="heroes">${heroes(run)}</div>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${both(name)}</dt><dd>${value}</dd></div>`)}</dl>`,
  );
}

function dataText({ data, task, pairs }: RunReport): Both<string> {
  if (data !== null) return bothOf(texts.fromFile, count(pairs), data.join(' + '));
  return task === 'translate' ? bothOf(texts.builtIn, count(pairs)) : bothOf(texts.made, count(pairs), task);
}

const bleuOf = ({ bleu }: TestScores): string => bleu.score.toFixed(1);
const chrfOf = ({ chrf }: TestScores): string => chrf.score.toFixed(1);
const matchOf = ({ right, total }: TestScores): string => percent(right / Math.max(1, total));

/** What the test says besides its headline. */
function otherScore(run: RunReport): Fact[] {
  const { test, task } = run;
  if (test === null) return [];
  if (hasManyAnswers(run)) return [[texts.exactMatch, matchOf(test)]];
  return taskNamed(task).isText ? [[texts.scores, `BLEU ${bleuOf(test)}, chrF2 ${chrfOf(test)}`]] : [];
}

/** The figures one looks for first: of the test, of validation, and the loss. */
function heroes(run: RunReport): Content {
  const last = smoothed(run.log).at(-1);
  const live = isLive(run.progress);
  return [
    testHero(run, live),
    validationHero(run),
    last && hero(number(last.smooth), live ? texts.lossNow : texts.finalLoss, texts.finalLossNote),
  ].map((shown) => shown ?? null);
}

const hero = (value: string, name: Both<string>, note?: Both<string>): Markup =>
  html`<p class="hero"><strong>${value}</strong><span>${both(name)}${note ? html`<br><small>${both(note)}</small>` : null}</span></p>
`;

function testHero(run: RunReport, live: boolean): Markup {
  const { test } = run;
  if (test === null) return hero('–', live ? texts.testLater : texts.noTest);
  const [right, total] = [count(test.right), count(test.total)];
  return hasManyAnswers(run)
    ? hero(bleuOf(test), say('BLEU', 'BLEU'), bothOf(texts.scoreOf, chrfOf(test), total))
    : hero(matchOf(test), texts.exactMatch, bothOf(texts.exactMatchOf, right, total));
}

/** What validation found best so far. */
function validationHero({ log, metric }: RunReport): Markup | null {
  const best = [...log].reverse().find(({ validation }) => validation?.best);
  const value = metric && best?.validation?.[metric];
  if (metric === null || best === undefined || typeof value !== 'number') return null;
  return hero(metricText(metric, value), METRICS[metric], bothOf(texts.bestAt, count(best.step)));
}
