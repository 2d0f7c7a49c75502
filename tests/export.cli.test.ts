/** `heddle export --to pytorch` and `heddle import`, as a user starts them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bundle } from '../scripts/build.mjs';
import { exportRun } from '../transformer/cli/export.ts';
import { importRun } from '../transformer/cli/import.ts';
import { messagesIn } from '../transformer/cli/messages/index.ts';

// a process for each command, on a machine that does other things
vi.setConfig({ testTimeout: 240_000 });

const run = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../dist/cli.js');
const context = { say: messagesIn('en'), language: 'en' } as const;

/** Under load, more threads than processors wait for each other. */
const WASM = ['--backend', 'wasm', '--threads', '1'];

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const heddle = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [CLI, ...args], { cwd: folder, env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' } });

beforeAll(async () => {
  await bundle();
  folder = await mkdtemp(join(tmpdir(), 'heddle-export-'));
  const lines = ['cat', 'dog', 'bird'].flatMap((en, i) =>
    ['sleeps', 'runs', 'eats'].map((does, k) => `the ${en} ${does}\t${'猫狗鸟'[i]}${['睡觉', '跑', '吃'][k]}\n`),
  );
  await writeFile(at('pairs.tsv'), lines.join(''));
  await heddle('train', '--preset', 'tiny', '--data', 'pairs.tsv', '--steps', '2', '--out', 'run', ...WASM);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a run leaves with its optimizer and comes back to go on', async () => {
  const { stdout, stderr } = await heddle('export', '--to', 'pytorch', 'run');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/exported {2}PyTorch, run\/pytorch/);
  const names = await readdir(at('run/pytorch'));
  for (const name of ['model.safetensors', 'training.safetensors', 'config.json', 'train.py', 'README.zh.md']) {
    expect(names).toContain(name);
  }
  // every file that another one imports is there
  for (const name of names.filter((n) => n.endsWith('.py'))) {
    const text = await readFile(at('run/pytorch', name), 'utf8');
    for (const [, module] of text.matchAll(/^from (\w+_heddle) import/gm)) expect(names).toContain(`${module}.py`);
  }

  const back = await heddle('import', 'run/pytorch', '--out', 'back');
  expect(back.stderr).toBe('');
  expect(back.stdout).toMatch(/imported {2}back, after step 2\n.*heddle train --resume back/);
  expect(await readFile(at('back/model.safetensors'))).toEqual(await readFile(at('run/model.safetensors')));
  const optimizer = 'checkpoints/step-2/optimizer.safetensors';
  expect(await readFile(at('back', optimizer))).toEqual(await readFile(at('run', optimizer)));
  await heddle('train', '--resume', 'back', '--steps', '3', ...WASM);
  expect(JSON.parse(await readFile(at('back/log.jsonl'), 'utf8'))).toMatchObject({ step: 3 });
});

it('weights alone come back with a new optimizer, and without settings as a model to use', async () => {
  await heddle('export', '--to', 'pytorch', 'run', '--out', 'loose');
  await rm(at('loose/training.safetensors'));
  const alone = await heddle('import', 'loose/model.safetensors', '--out', 'alone');
  expect(alone.stderr).toBe('heddle: it brought no optimizer state: training goes on with a new one\n');
  await heddle('train', '--resume', 'alone', '--steps', '3', ...WASM);

  const { training: _, ...config } = JSON.parse(await readFile(at('loose/config.json'), 'utf8'));
  await writeFile(at('config.json'), JSON.stringify(config));
  const tokenizers = ['--tokenizer', 'loose/tokenizer.json', 'loose/tokenizer.target.json'];
  const bare = await heddle('import', 'loose', '--config', 'config.json', ...tokenizers, '--out', 'bare');
  expect(bare.stdout).toContain('heddle train cannot go on with it');
  const translated = await heddle('translate', '--model', 'bare', '--backend', 'wasm', 'the cat runs');
  expect(translated).toEqual(await heddle('translate', '--model', 'run', '--backend', 'wasm', 'the cat runs'));
});

it('says in one line what is missing, and touches nothing', async () => {
  await expect(importRun(at('run'), {}, context)).rejects.toThrow('Expected --out RUN');
  await expect(importRun(at('run'), { out: at('run') }, context)).rejects.toThrow('holds files already');
  await expect(importRun(at('nowhere'), { out: at('x') }, context)).rejects.toThrow('ENOENT');
  await expect(importRun(at('pairs.tsv'), { out: at('x'), config: at('no.json') }, context)).rejects.toThrow(
    /no\.json: no such file.*--config/,
  );
  const three = { out: at('x'), tokenizer: ['a', 'b', 'c'] };
  await expect(importRun(at('run'), three, context)).rejects.toThrow('--tokenizer: 3 files');
  await writeFile(at('broken.safetensors'), 'not weights');
  const files = {
    config: at('run/config.json'),
    tokenizer: [at('run/tokenizer.json'), at('run/tokenizer.target.json')],
  };
  await expect(importRun(at('broken.safetensors'), { out: at('x'), ...files }, context)).rejects.toThrow(
    /broken\.safetensors: model\.safetensors: not a whole safetensors file/,
  );
  await expect(exportRun(at('run'), {}, context)).rejects.toThrow('Expected --to with one of pytorch, onnx');
  expect(await readdir(folder)).not.toContain('x');
});
