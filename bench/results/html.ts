import { TITLES } from '../engines/engine.ts';
import script from './client.ts?inline';
import { type Curve, curvesOf } from './curves.ts';
import type { Row } from './row.ts';
import style from './style.css?inline';
import {
  type CaseRows,
  casesIn,
  digits,
  enginesIn,
  type Group,
  groups,
  mebibytes,
  rateOf,
  suitesIn,
  time,
  usage,
} from './tables.ts';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** All results as one page that needs no network: curves over size with the machine's own peak, then every table. */
export function html(rows: readonly Row[]): string {
  const all = groups(rows);
  const curves: Curve[] = [];
  const sections = all.map((group) => section(group, curves)).join('');
  const data = JSON.stringify(curves).replaceAll('<', '\\u003c');
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>heddle benchmark 基准测试</title><style>${style}</style></head><body><h1>heddle: benchmark 基准测试</h1>${sections}` +
    `<script type="application/json" id="curves">${data}</script><script>${script}</script></body></html>\n`
  );
}

function section(group: Group, curves: Curve[]): string {
  const { runtime, backend, threads, machine, device, date } = group;
  const figures = curvesOf(group).map((curve) => {
    curves.push(curve);
    return `<figure><figcaption>${escaped(curve.title)}</figcaption><div data-curve></div></figure>`;
  });
  const used = usage(group).map(
    ([name, version, on, how]) => `<li>${TITLES[name]} ${escaped(`${version} (${on}): ${how}`)}</li>`,
  );
  const tables = suitesIn(group).map((suite) => `<h3>${suite}</h3>${table(group, suite)}`);
  return (
    `<section><h2>${escaped(`${runtime}, ${backend}, threads 线程: ${threads}`)}</h2>` +
    `<p>${escaped(`${date}; ${machine}; ${device}`)}</p><div class="curves">${figures.join('')}</div>` +
    `${tables.join('')}<ul>${used.join('')}</ul></section>`
  );
}

function table(group: Group, suite: Row['suite']): string {
  const engines = enginesIn(group);
  const heads = ['case 项目', ...engines.map((name) => TITLES[name]), 'rate 速率', '× best peer 最快对手', 'peak 峰值'];
  const row = ({ name, own, of }: CaseRows): string => {
    const { ratio_to_best_peer: ratio, best_peer: best, peak_bytes: peak } = own;
    const times = engines.map((engine) => {
      const { median_ms: ms, note } = of.get(engine) ?? { median_ms: null };
      return ms == null ? `<td title="${escaped(note ?? '')}">–</td>` : `<td>${time(ms)}</td>`;
    });
    const against = ratio === undefined ? '' : `${digits(ratio)} ${TITLES[best!]}`;
    return (
      `<tr><th scope="row">${escaped(name)}</th>${times.join('')}<td>${rateOf(own)}</td>` +
      `<td${ratio !== undefined && ratio < 1 ? ' class="behind"' : ''}>${against}</td>` +
      `<td>${peak === undefined ? '' : mebibytes(peak)}</td></tr>`
    );
  };
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join('');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${casesIn(group, suite).map(row).join('')}</tbody></table></div>`;
}
