import { type EngineName, TITLES } from '../engines/engine.ts';
import type { Row } from './row.ts';
import {
  behind,
  type CaseRows,
  casesIn,
  digits,
  enginesIn,
  type Group,
  groups,
  mebibytes,
  peaksIn,
  rateOf,
  suitesIn,
  time,
  usage,
} from './tables.ts';

export type Language = 'en' | 'zh';

const TEXT = {
  en: {
    title: '# Benchmarks',
    other: '[中文](BENCHMARKS.zh.md)',
    intro:
      'Written by `npm run bench` from what it measured; do not edit. Every result was held against a float64 reference ' +
      'before it was timed, and once more after. Engines run in processes of their own and give their samples in turns ' +
      'within one run: a ratio is the median over those turns, with the lowest and the highest behind it, and says more ' +
      'than a time. Above 1 heddle is faster. The ratio is to the fastest of the peers that run on the web platform; ' +
      'PyTorch runs vectors of the processor that WebAssembly has not, and has a column of its own. A dash: the engine ' +
      'cannot do the case, see below each set of tables.',
    again: 'To make it again, on a quiet machine:',
    summary: '## Where heddle stands',
    ahead: (n: number, of: number): string =>
      `faster than every peer of the web platform in ${n} of ${of} cases that one of them has`,
    behindTitle: 'Behind:',
    nowhere: 'Behind in none.',
    measured: (g: Group): string => `Measured ${g.date} on ${g.machine}; ${g.device}.`,
    peak: 'The machine itself, on one thread: ',
    used: 'How each engine was used:',
    cannot: 'Cases that a peer cannot do:',
    noise:
      'The machine was shared while this was measured: times are too long, and spreads wide. Ratios within one run hold better.',
    heads: {
      case: 'case',
      ratio: '× best peer',
      native: '× PyTorch',
      peak: 'peak',
      estimate: 'estimated',
      work: 'dispatches, submits',
    },
    suites: {
      ...{ kernels: 'Kernels', attention: 'Attention', training: 'Training step', decode: 'Decoding with a cache' },
      ...{ overhead: 'JavaScript of one operation', memory: 'Memory', peak: 'Peak' },
    },
  },
  zh: {
    title: '# 基准测试',
    other: '[English](BENCHMARKS.md)',
    intro:
      '本文由 `npm run bench` 根据测量结果写成，请勿手工修改。每个结果在计时之前都与 float64 参考值核对，计时之后再核对一次。' +
      '各引擎在各自的进程中运行，在同一次测量里轮流取样：比值是各轮的中位数，其后是最低值与最高值，比单独的时间更可信。' +
      '大于 1 表示 heddle 更快。比值相对于网页平台上最快的对手；PyTorch 使用 WebAssembly 所没有的处理器向量指令，单列一栏。' +
      '短横线表示该引擎不能做这一项。',
    again: '在空闲的机器上重新生成：',
    summary: '## 总体情况',
    ahead: (n: number, of: number): string => `在至少有一个网页平台对手的 ${of} 项中，有 ${n} 项快于所有对手`,
    behindTitle: '落后的项目：',
    nowhere: '没有落后的项目。',
    measured: (g: Group): string => `测于 ${g.date}，${g.machine}；${g.device}。`,
    peak: '机器自身的上限（单线程）：',
    used: '各引擎的用法、对手不能做的项目及其原因，见[英文版](BENCHMARKS.md)。',
    noise: '测量时机器与其他任务共用：时间偏长，波动较大；同一次测量中的比值更可靠。',
    heads: {
      case: '项目',
      ratio: '× 最快对手',
      native: '× PyTorch',
      peak: '峰值',
      estimate: '估算',
      work: '调度数，提交数',
    },
    suites: {
      ...{ kernels: '算子', attention: '注意力', training: '训练步', decode: '带缓存的解码' },
      ...{ overhead: '单个运算的 JavaScript 开销', memory: '内存', peak: '上限' },
    },
  },
} as const;

/** BENCHMARKS.md: where heddle is behind first, then every table with how it came about. */
export function markdown(rows: readonly Row[], language: Language): string {
  const text = TEXT[language];
  const all = groups(rows);
  const lines: string[] = [text.title, '', text.other, '', ...wrapped(text.intro), ''];
  if (all.some(noisy)) lines.push(...wrapped(text.noise), '');
  lines.push(text.again, '', ...commands(all).map((command) => `    ${command}`), '', text.summary, '');
  for (const group of all) lines.push(...summary(group, language), '');
  for (const group of all) lines.push(...section(group, language));
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What measures all of it again, and writes it. */
function commands(all: readonly Group[]): string[] {
  const files = all.map(({ runtime, backend, threads }) => {
    const name = `${runtime.split('.')[0]}-${backend}-${threads}`.toLowerCase().replaceAll(' ', '-');
    return { path: `runs/${name}.json`, runtime, backend, threads };
  });
  return [
    ...files.map(({ path, runtime, backend, threads }) => {
      const newer = /^Node (2[2-9]|[3-9]\d)/.exec(runtime);
      const run = newer === null ? 'npm run bench --' : `npx -y -p node@${newer[1]} node scripts/bench.mjs`;
      return `${run} --peers --backend ${backend} --threads ${threads} --json ${path}`;
    }),
    `npm run bench -- ${files.map(({ path }) => `--from ${path}`).join(' ')} --markdown BENCHMARKS.md`,
  ];
}

const titleOf = ({ runtime, backend, threads }: Group): string =>
  `${runtime}, ${backend}${backend === 'wasm' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`;

/** Half of the times spread by more than a tenth. */
function noisy({ rows }: Group): boolean {
  const spreads = rows.flatMap(({ spread, engine }) => (spread === null || engine === 'machine' ? [] : [spread]));
  return spreads.filter((s) => s > 0.1).length > spreads.length / 4;
}

function summary(group: Group, language: Language): string[] {
  const text = TEXT[language];
  const compared = suitesIn(group)
    .flatMap((suite) => casesIn(group, suite))
    .filter(({ own }) => own.ratio_to_best_peer !== undefined);
  const slower = behind(group);
  const [colon, stop] = language === 'zh' ? ['：', '。'] : [': ', '. '];
  const head = `**${titleOf(group)}**${colon}${text.ahead(compared.length - slower.length, compared.length)}${stop}`;
  if (slower.length === 0) return wrapped(`${head}${compared.length > 0 ? text.nowhere : ''}`);
  const list = slower.map(
    ({ name, own }) => `- ${escaped(name)}: ${digits(own.ratio_to_best_peer!)} × ${TITLES[own.best_peer!]}`,
  );
  return [...wrapped(`${head}${text.behindTitle}`), '', ...list];
}

function section(group: Group, language: Language): string[] {
  const text = TEXT[language];
  const lines = [`## ${titleOf(group)}`, '', text.measured(group)];
  const peaks = peaksIn(group);
  if (peaks.length > 0) {
    lines.push(...wrapped(`${text.peak}${peaks.map((row) => `${row.case} ${rateOf(row)}`).join('; ')}.`));
  }
  lines.push('', ...wrapped(text.used), '');
  if (language === 'zh') return [...lines, ...tables(group, language)];
  for (const [name, version, device, how] of usage(group)) {
    lines.push(...wrapped(`- ${TITLES[name]} ${version} (${device}): ${how}.`, '  '));
  }
  lines.push('', ...tables(group, language));
  const missing = cannot(group);
  if (missing.length > 0) lines.push('### Cases that a peer cannot do', '', ...missing, '');
  return lines;
}

const tables = (group: Group, language: Language): string[] =>
  suitesIn(group).flatMap((suite) => [`### ${TEXT[language].suites[suite]}`, '', ...table(group, suite, language), '']);

function table(group: Group, suite: Row['suite'], language: Language): string[] {
  const { heads } = TEXT[language];
  const cases = casesIn(group, suite);
  const engines = enginesIn(group).filter((name) => cases.some(({ of }) => of.get(name)?.median_ms != null));
  const has = (f: (row: Row) => unknown): boolean => cases.some(({ own }) => f(own) !== undefined);
  type Column = [head: string, cell: (row: CaseRows) => string];
  const columns: Column[] = [
    [heads.case, ({ name }) => escaped(name)],
    ...engines.map((name): Column => [TITLES[name], ({ of }) => cell(of.get(name), name)]),
  ];
  if (has((row) => row.ratio_to_best_peer)) columns.push([heads.ratio, ({ own }) => ratio(own)]);
  if (has((row) => row.ratio_to_pytorch)) {
    columns.push([
      heads.native,
      ({ own }) => (own.ratio_to_pytorch === undefined ? '–' : digits(own.ratio_to_pytorch)),
    ]);
  }
  if (suite === 'memory')
    columns.push([
      heads.peak,
      ({ own }) => (own.peak_bytes === undefined ? escaped(own.note ?? '–') : mebibytes(own.peak_bytes)),
    ]);
  if (has((row) => row.estimated_bytes)) {
    columns.push([
      heads.estimate,
      ({ own }) => (own.estimated_bytes === undefined ? '–' : mebibytes(own.estimated_bytes)),
    ]);
  }
  if (suite === 'training') {
    columns.push([heads.peak, ({ own }) => (own.peak_bytes === undefined ? '–' : mebibytes(own.peak_bytes))]);
    columns.push([heads.work, ({ own }) => (own.dispatches === undefined ? '–' : `${own.dispatches}, ${own.submits}`)]);
  }
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(columns.map(([head]) => head)),
    row(columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...cases.map((c) => row(columns.map(([, of]) => of(c)))),
  ];
}

/** Time, and for heddle rate and spread. */
function cell(row: Row | undefined, name: EngineName): string {
  if (row?.median_ms == null) return row?.wrong ? 'wrong' : '–';
  const of = time(row.median_ms);
  if (name !== 'heddle') return of;
  const rate = rateOf(row);
  return `${of} ±${((row.spread ?? 0) * 100).toFixed(0)} %${rate === '' ? '' : `, ${rate}`}`;
}

function ratio({ ratio_to_best_peer: of, ratio_range: range, best_peer: best }: Row): string {
  if (of === undefined) return '–';
  const text = `${digits(of)} (${range!.map(digits).join('–')}) ${TITLES[best!]}`;
  return of < 1 ? `**${text}**` : text;
}

/** Each reason once, with the cases it is said of. */
function cannot(group: Group): string[] {
  const reasons = new Map<string, string[]>();
  for (const suite of suitesIn(group)) {
    for (const { name, of } of casesIn(group, suite)) {
      for (const [engine, { note }] of of) {
        if (engine === 'heddle' || note === undefined) continue;
        const key = `${TITLES[engine]} ${escaped(note)}`;
        reasons.set(key, [...(reasons.get(key) ?? []), name]);
      }
    }
  }
  return [...reasons].flatMap(([reason, names]) => {
    const shown = names.length > 3 ? `${names.length} cases` : names.map(escaped).join('; ');
    return wrapped(`- ${reason}: ${shown}`, '  ');
  });
}

/** Prose in lines of at most 120 columns; what goes on stands under what it belongs to. Chinese breaks anywhere. */
function wrapped(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const part of text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+|\s+/g) ?? []) {
    const wide = part.charCodeAt(0) >= 0x3000 ? 2 : part.length;
    // no line begins with a mark that closes
    if (width + wide > 119 && !/^[，。；：、）]/.test(part)) {
      lines.push(line.trimEnd());
      line = indent + part.trimStart();
      width = indent.length + part.trimStart().length;
    } else {
      line += part;
      width += wide;
    }
  }
  return [...lines, line.trimEnd()];
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
