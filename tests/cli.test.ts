import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../scripts/build.mjs';
import { softwareAdapterSupported } from '../scripts/software-adapter.mjs';

/** The program as users start it; everything here goes through its processes. */
const CLI = resolve(import.meta.dirname, '../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'heddle-cli-'));
const RUN = join(folder, 'run');

/** Processes that a failing test may leave behind. */
const running = new Set<ChildProcess>();

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with what standard error has said so far. */
  readonly watch?: (stderr: string, child: ChildProcess) => void;
}

/** Runs the program in the test's folder, in English and without colours. */
function heddle(args: readonly string[], { input = '', env = {}, watch }: Options = {}): Promise<Result> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1', ...env } as NodeJS.ProcessEnv,
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    watch?.(stderr, child);
  });
  child.stdin.end(input);
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      done({ code, stdout, stderr });
    });
  });
}

/** Expects one line `heddle: …` on standard error, nothing else, and exit code 2. */
async function expectLine(args: readonly string[], text: RegExp, env: Options['env'] = {}): Promise<void> {
  const { code, stdout, stderr } = await heddle(args, { env });
  expect(stderr).toMatch(/^heddle: [^\n]+\n$/);
  expect(stderr).toMatch(text);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

const losses = (run: string): number[] => logOf(run).map((entry) => entry.loss);

const logOf = (run: string): { step: number; loss: number; seconds: number }[] =>
  readFileSync(join(run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const TINY = ['--backend', 'wasm', '--threads', '1', '--preset', 'tiny', '--deterministic'];

beforeAll(async () => {
  await bundle();
  const things = ['cat', 'dog', 'bird', 'fish', 'horse'].flatMap((en, i) =>
    ['sleeps', 'runs', 'eats', 'sits', 'waits', 'sings'].map((does, k) => {
      return `the ${en} ${does}\t${'猫狗鸟鱼马'[i]}${['睡觉', '跑', '吃', '坐', '等', '唱歌'][k]}\tCC0`;
    }),
  );
  writeFileSync(join(folder, 'pairs.tsv'), `${things.join('\n')}\n`);
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

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
    await expectLine(['trian'], /unknown command trian\. Expected one of train, translate, info/);
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
    for (const text of ['29 pairs to train on, 1 set aside', 'trained 3 steps', 'exact match', 'reads → predicts']) {
      expect(stdout).toContain(text);
    }
    expect(stderr).toMatch(/^training 1\/3 {2}loss/);
    expect(readdirSync(RUN).sort()).toEqual([
      'config.json',
      'log.jsonl',
      'model.safetensors',
      'optimizer.safetensors',
      'report.html',
      'samples.json',
      'tokenizer.source.json',
      'tokenizer.target.json',
    ]);
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
    expect(many.stderr).toBe('heddle: words it never saw: flies\n');
  });

  it('is described by info', async () => {
    const { code, stdout } = await heddle(['info', RUN]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 \+ 1 layers, 4 heads, width 64/);
    expect(stdout).toMatch(/trained +3 of 3 steps/);
    expect(stdout).toMatch(/loss +[\d.]+ \(began at [\d.]+\)/);
  });

  it('says in one line that a checkpoint is cut off, of another version, or not whole', async () => {
    const broken = join(folder, 'broken');
    cpSync(RUN, broken, { recursive: true });
    truncateSync(join(broken, 'model.safetensors'), 5000);
    const translate = ['translate', '--model', broken, '--backend', 'wasm', 'the cat'];
    await expectLine(translate, /broken: model\.safetensors: not a whole safetensors file: .* Bring back a whole copy/);
    rmSync(join(broken, 'optimizer.safetensors'));
    await expectLine(['train', '--resume', broken, '--steps', '9', '--backend', 'wasm'], /nothing to go on from/);
    rmSync(join(broken, 'tokenizer.source.json'));
    await expectLine(translate, /no run, tokenizer\.source\.json is missing/);
    writeFileSync(join(broken, 'config.json'), '{"version": 99, "model": {}}');
    await expectLine(['train', '--resume', broken], /nothing to go on from/);
    writeFileSync(join(broken, 'config.json'), 'not json');
    await expectLine(translate, /config\.json is no JSON of a run/);
  });

  it('goes on where it stopped, as if it had not', async () => {
    const resumed = await heddle(['train', '--resume', RUN, '--steps', '5', '--backend', 'wasm', '--threads', '1']);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('after step 3');
    const straight = join(folder, 'straight');
    await heddle(['train', ...TINY, '--data', 'pairs.tsv', '--steps', '5', '--out', straight]);
    expect(logOf(RUN).map((entry) => entry.step)).toEqual([1, 2, 3, 4, 5]);
    expect(losses(RUN)).toEqual(losses(straight));
    const seconds = logOf(RUN).map((entry) => entry.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    await expectLine(['train', '--resume', RUN, '--steps', '5'], /already at step 5|at step 5 already/);
  });

  it('saves on Ctrl-C and says how to go on', async () => {
    const stopped = join(folder, 'stopped');
    let sent = false;
    const watch: Options['watch'] = (stderr, child) => {
      if (sent || !stderr.includes('training')) return;
      sent = true;
      child.kill('SIGINT');
    };
    const args = ['train', ...TINY, '--data', 'pairs.tsv', '--steps', '100000', '--out', stopped];
    const first = await heddle(args, { watch });
    expect(first.code).toBe(130);
    expect(first.stderr).toContain('Ctrl-C again quits at once');
    expect(first.stderr).toContain(`Go on with: heddle train --resume ${stopped}`);
    const { step } = JSON.parse(readFileSync(join(stopped, 'config.json'), 'utf8'));
    expect(logOf(stopped).map((entry) => entry.step)).toEqual(Array.from({ length: step }, (_, i) => i + 1));
    const second = await heddle(['train', '--resume', stopped, '--steps', `${step + 2}`, '--backend', 'wasm']);
    expect(second.code).toBe(0);
    expect(logOf(stopped)).toHaveLength(step + 2);
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
