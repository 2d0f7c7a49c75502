import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Measurement } from './measure.ts';

export interface BenchReport {
  readonly device: string;
  readonly node: string;
  readonly results: readonly Measurement[];
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Bars of one unit, the longest as wide as the page. */
function bars(results: readonly Measurement[], unit: Measurement['unit']): string {
  const rows = results.filter((r) => r.unit === unit);
  const most = Math.max(...rows.map((r) => r.rate));
  const row = (r: Measurement): string =>
    `<tr><th scope="row">${escapeHtml(r.name)}</th><td>${escapeHtml(r.shape)}</td><td class="n">${r.ms.toFixed(3)}</td>` +
    `<td class="n">${r.rate.toFixed(1)}</td><td class="bar"><span style="width:${((100 * r.rate) / most).toFixed(1)}%"></span></td></tr>`;
  if (rows.length === 0) return '';
  return (
    `<table><caption>${unit}</caption><thead><tr><th scope="col">operation 运算</th><th scope="col">shapes 形状</th>` +
    `<th scope="col">ms 毫秒</th><th scope="col">${unit}</th><th scope="col"></th></tr></thead><tbody>${rows.map(row).join('')}</tbody></table>`
  );
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { width: 100%; border-collapse: collapse; margin: 1.5rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); font-weight: 400; }
thead th { font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { width: 35%; }
.bar span { display: block; height: .8rem; border-radius: .2rem; background: #2a7f78; min-width: 1px; }
`;

/** Writes the measurements as one page that needs nothing else, beside the place and then renamed. */
export function writeReport(path: string, { device, node, results }: BenchReport): void {
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>heddle benchmark</title><style>${STYLE}</style></head><body><h1>heddle: benchmark 基准测试</h1>` +
    `<p>${escapeHtml(device)}, ${escapeHtml(node)}, ${new Date().toISOString().slice(0, 16)}</p>` +
    `${bars(results, 'GFLOP/s')}${bars(results, 'GB/s')}</body></html>\n`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, html);
  renameSync(`${path}.part`, path);
}
