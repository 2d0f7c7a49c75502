import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { softwareAdapterSupported } from '../scripts/software-adapter.mjs';
import { commandLine, logOf, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();
const RUN = join(folder, 'run');

describe('heddle', () => {
  it('explains itself, with examples, in both languages', async () => {
    const english = await heddle(['train', '--help']);
    expect(english).toMatchObject({ code: 0, stderr: '' });
    expect(english.stdout).toMatch(/^Usage: heddle train[\s\S]*--resume <dir>[\s\S]*Examples:\n {2}heddle train /);
    const chinese = await heddle(['--help'], { env: { LC_ALL: 'zh_CN.UTF-8' } });
    expect(chinese.stdout).toContain('用法');
    expect((await heddle(['train', '--lang', 'zh', '--help'])).stdout).toContain('示例');
    expect((await heddle(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('says in one line what is wrong with the command line', async () => {
    await expectLine(['train', '--step', '3'], /unknown option --step\. Did you mean --steps\?/);
    await expectLine(['trian'], /unknown command trian\. Expected one of train, evaluate, translate, tasks, info/);
    await expectLine(['train', '--steps', '-3'], /--steps: '-3'\. Expected a whole number from 1/);
    await expectLine(['train', '--backend', 'cuda'], /--backend: 'cuda'\. Expected one of auto, webgpu, wasm/);
    await expectLine(['train', '--resume', 'x', '--seed', '2'], /--resume does not go with --seed/);
    await expectLine(['translate', 'hello'], /Expected --model RUN/);
    await expectLine(['train', '--steps', '0'], /应为 1 到/, { LC_ALL: 'zh_CN.UTF-8' });
  });

  it('says in one line which file is missing or no data', async () => {
    await expectLine(['train', '--data', 'none.tsv'], /none\.tsv: no such file or folder/);
    await expectLine(['train', '--data', '.'], /\.: illegal operation on a directory/);
    writeFileSync(join(folder, 'one-column.txt'), 'hello\n');
    await expectLine(
      ['train', '--data', 'one-column.txt'],
      /one-column\.txt: no sentence pairs\. .*Expected source, tab, target/,
    );
    await expectLine(['translate', '--model', 'nowhere', 'x'], /nowhere: no such file or folder/);
    await expectLine(['info', '.'], /\.: no run, config\.json is missing/);
  });

  it('shows the devices of the machine', async () => {
    const { code, stdout } = await heddle(['info']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/heddle +\d/);
    expect(stdout).toMatch(/wasm +\d+ threads?, (relaxed )?SIMD/);
    expect(stdout).toMatch(/webgpu +\S/);
  });
});

describe('a run', () => {
  it('trains, tests, shows and writes everything down', async () => {
    const { code, stdout, stderr } = await heddle([
      'train',
      ...TINY,
      '--data',
      'pairs.tsv',
      '--steps',
      '3',
      '--out',
      RUN,
    ]);
    expect(code).toBe(0);
    for (const text of [
      '28 pairs to train on; sentences set aside: 1 to validate on, 1 to test on',
      'trained 3 steps',
      'exact match',
      'reads → predicts',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stderr).toMatch(/^training 1\/3 {2}loss/);
    const model = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer.target.json'];
    expect(readdirSync(RUN).sort()).toEqual(
      [...model, 'checkpoints', 'log.jsonl', 'report.html', 'samples.json'].sort(),
    );
    expect(readdirSync(join(RUN, 'checkpoints'))).toEqual(['step-3']);
    expect(readdirSync(join(RUN, 'checkpoints/step-3')).sort()).toEqual([...model, 'optimizer.safetensors'].sort());
    expect(logOf(RUN).map((entry) => entry.step)).toEqual([1, 2, 3]);
    expect(JSON.parse(readFileSync(join(RUN, 'samples.json'), 'utf8')).test.total).toBe(1);
    expect(readFileSync(join(RUN, 'report.html'), 'utf8')).toContain('pairs.tsv');
    await expectLine(['train', '--data', 'pairs.tsv', '--out', RUN], /--out: .* holds a run already/);
  });

  it('translates arguments, and lines one by one with nothing else on standard output', async () => {
    const one = await heddle(['translate', '--model', RUN, '--backend', 'wasm', 'the cat sleeps']);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(one.stdout.split('\n')).toHaveLength(2);
    const input = 'the cat sleeps\n\nthe cat flies\nthe dog runs';
    const many = await heddle(['translate', '--model', RUN, '--backend', 'wasm'], { input });
    expect(many.code).toBe(0);
    expect(many.stdout.split('\n')).toHaveLength(5);
    expect(many.stdout.split('\n').slice(0, 2)).toEqual([one.stdout.trim(), '']);
    expect(many.stderr).toBe('heddle: not in the vocabulary, read as <unk>: flies\n');
  });

  it('is described by info', async () => {
    const { code, stdout } = await heddle(['info', RUN]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 \+ 1 layers, 4 heads, width 64/);
    expect(stdout).toMatch(/trained +3 of 3 steps/);
    expect(stdout).toMatch(/loss +[\d.]+ \(began at [\d.]+\)/);
  });

  it('says in one line that a model is cut off, of another version, or not whole', async () => {
    const broken = join(folder, 'broken');
    cpSync(RUN, broken, { recursive: true });
    truncateSync(join(broken, 'model.safetensors'), 5000);
    const translate = ['translate', '--model', broken, '--backend', 'wasm', 'the cat'];
    await expectLine(translate, /broken: model\.safetensors: not a whole safetensors file: .* Bring back a whole copy/);
    rmSync(join(broken, 'tokenizer.target.json'));
    await expectLine(translate, /no run, tokenizer\.target\.json is missing/);
    writeFileSync(join(broken, 'config.json'), '{"version": 99, "model": {}}');
    await expectLine(['train', '--resume', broken], /it has no settings to go on with/);
    writeFileSync(join(broken, 'config.json'), 'not json');
    await expectLine(translate, /config\.json is no JSON of a run/);
  });

  it.runIf(softwareAdapterSupported)(
    'starts itself on the software adapter where there is no graphics driver',
    async () => {
      // The tests themselves run on that adapter; without its variables Dawn finds none, or the machine's own card.
      const env = { LD_LIBRARY_PATH: undefined, VK_DRIVER_FILES: undefined, HEDDLE_ADAPTER: undefined };
      const { code, stdout } = await heddle(['translate', '--model', RUN, '--backend', 'webgpu', 'the cat sleeps'], {
        env,
      });
      expect(code).toBe(0);
      expect(stdout).toBe((await heddle(['translate', '--model', RUN, '--backend', 'wasm', 'the cat sleeps'])).stdout);
      const wanted = { ...env, HEDDLE_ADAPTER: 'system' };
      const without = await heddle(['translate', '--model', RUN, '--backend', 'webgpu', 'x'], { env: wanted });
      if (without.code !== 0) expect(without.stderr).toMatch(/^heddle: no WebGPU adapter here\. Expected[^\n]*\n$/);
    },
  );
});
