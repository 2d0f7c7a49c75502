/** `heddle export --to onnx`, and the example in the folder it writes, each as a user starts it. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Generator, openDevice } from '../engine/index.ts';
import { bundle } from '../scripts/build.mjs';
import { buildCorpus, encodeCheckpoint, Tokenizer, Transformer, translateBatch } from '../transformer/index.ts';
import { collectErrors, openBrowser, serve } from './browser/launch.ts';
import { foreign } from './support/foreign.ts';
import { readOnnx } from './support/onnx.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const SENTENCES = ['The cat sat on the mat', 'My younger brother does not want to drink milk', 'zebra?'];

let folder: string;
let translations: string[];

beforeAll(async () => {
  await bundle();
  folder = await mkdtemp(join(tmpdir(), 'heddle-onnx-'));
  await mkdir(join(folder, 'run'));
  // where the folder's packages are found
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const device = await openDevice('wasm', { threads: 1 });
  const { train } = buildCorpus({ pairs: 400, valid: 1, test: 1, seed: 3 });
  // tokenizers whose marks have other names and ids than ours
  const build = (kind: 'words' | 'characters', side: 'source' | 'target'): Tokenizer =>
    foreign(
      Tokenizer.build(
        kind,
        train.map((pair) => pair[side]),
      ),
    );
  const [source, target] = [build('words', 'source'), build('characters', 'target')];
  const size = { padId: source.mark('pad'), dModel: 32, heads: 2, layers: 2, feedForward: 64, normFirst: true };
  const options = { device, generator: new Generator(4) };
  const model = new Transformer({ srcVocab: source.size, tgtVocab: target.size, ...size }, options).eval();
  const translator = { model, source, target };
  for (const [name, bytes] of Object.entries(await encodeCheckpoint(translator))) {
    await writeFile(join(folder, 'run', name), bytes);
  }
  translations = (await translateBatch(translator, SENTENCES)).map(({ text }) => text);
  device.destroy();
  const command = [join(ROOT, 'dist/cli.js'), 'export', '--to', 'onnx', 'run'];
  const { stdout } = await run(process.execPath, command, { cwd: folder, env: { ...process.env, LC_ALL: 'C' } });
  expect(stdout).toMatch(/ONNX, run\/onnx/);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes graphs with all that is needed to use them, and the example translates as heddle does', async () => {
  const out = join(folder, 'run/onnx');
  const example = await run(process.execPath, ['translate.mjs', ...SENTENCES], { cwd: out });
  expect(example.stderr).toBe('');
  expect(example.stdout.trimEnd().split('\n')).toEqual(translations);
  expect(new Set(translations).size).toBe(SENTENCES.length);

  // each input and output is in both pages
  for (const page of ['README.md', 'README.zh.md']) {
    const text = await readFile(join(out, page), 'utf8');
    expect(text).not.toMatch(/\{\{|undefined|NaN/);
    for (const file of ['encoder.onnx', 'decoder.onnx', 'decoder_with_past.onnx']) {
      const { inputs, outputs } = readOnnx(await readFile(join(out, file)));
      for (const name of [...inputs, ...outputs]) {
        const named = name.replace(/\.\d+\./, '.N.');
        expect(text).toContain(`\`${named.replace(/value$/, 'key')}\``);
      }
    }
  }
});

it('the example translates in a page, on wasm and on WebGPU', async () => {
  const imports = {
    'onnxruntime-web': '/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
    '@huggingface/tokenizers': '/node_modules/@huggingface/tokenizers/dist/tokenizers.min.mjs',
  };
  const files: Record<string, string> = {
    '/index.html': `<!doctype html><html lang="en"><title>onnx</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>`,
  };
  const example = await readFile(join(folder, 'run/onnx/translate.mjs'), 'utf8');
  for (const provider of ['wasm', 'webgpu']) {
    files[`/run/onnx/${provider}.mjs`] = example.replace("'wasm'", `'${provider}'`);
  }
  await using server = await serve({ folder, files });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const errors = collectErrors(page);
    await page.goto(server.url);
    for (const provider of ['wasm', 'webgpu']) {
      const call = `import('/run/onnx/${provider}.mjs').then((m) => m.translate(${JSON.stringify(SENTENCES[0])}))`;
      expect([provider, await page.evaluate(call)]).toEqual([provider, translations[0]]);
    }
    // shapes are worked out on the CPU, which ONNX Runtime says as a warning
    expect(errors.filter((text) => !text.includes('[W:onnxruntime'))).toEqual([]);
  } finally {
    await browser.close();
  }
});
