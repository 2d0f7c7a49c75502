/** The documentation as a site: its reference has what is exported, its guides both languages, and no link leads nowhere. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import * as engine from '../engine/index.ts';
import { buildDocs } from '../scripts/docs.mjs';

test('the site holds the reference, the guides and a front page', { timeout: 180_000 }, async () => {
  const site = await mkdtemp(join(tmpdir(), 'heddle-docs-'));
  try {
    await buildDocs(site);
    const pages = (await readdir(site, { recursive: true })).filter((path) => path.endsWith('.html'));
    const front = (await readFile(join(site, 'index.html'), 'utf8')).replace(/<[^>]+>/g, '');
    expect(front.includes('npm install heddle')).toBe(true);
    const missing = Object.keys(engine).filter((name) => !pages.some((page) => page.endsWith(`/heddle.${name}.html`)));
    expect(missing).toEqual([]);
    for (const guide of ['pytorch', 'browser', 'customOperations', 'training']) {
      expect(pages).toContain(`documents/docs_${guide}.html`);
      expect(pages).toContain(`documents/docs_${guide}.zh.html`);
    }
    const softmax = await readFile(join(site, 'functions/heddle.softmax.html'), 'utf8');
    expect(softmax.includes('exp(')).toBe(true);

    const known = new Set([...pages, ...(await readdir(site, { recursive: true }))].map((path) => normalize(path)));
    const broken = new Set<string>();
    for (const page of pages) {
      const html = await readFile(join(site, page), 'utf8');
      for (const [, link] of html.matchAll(/ href="([^"#:?]+)(?:#[^"]*)?"/g)) {
        const path = link!.endsWith('/') ? `${link}index.html` : link!;
        const target = normalize(join(dirname(page), decodeURIComponent(path)));
        if (!known.has(target)) broken.add(`${page}: ${link}`);
      }
    }
    expect([...broken].slice(0, 20)).toEqual([]);
  } finally {
    await rm(site, { recursive: true, force: true });
  }
});
