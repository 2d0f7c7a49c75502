/** The command line as users start it: every call is a process of its own, in a folder of the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { bundle } from '../../scripts/build.mjs';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void;
  /** Called with what standard error has said so far. */
  readonly watch?: (stderr: string, child: ChildProcess) => void;
}

/** A folder with `pairs.tsv` in it, and the program to run there; both end with the tests of the file. */
export interface CommandLine {
  readonly folder: string;
  /** Runs the program, in English and without colours. */
  heddle(args: readonly string[], options?: CallOptions): Promise<Result>;
  /** Expects one line `heddle: …` on standard error, nothing else, and exit code 2. */
  expectLine(args: readonly string[], text: RegExp, env?: CallOptions['env']): Promise<void>;
}

/** A model that trains in milliseconds, the same everywhere. */
export const TINY = ['--backend', 'wasm', '--threads', '1', '--preset', 'tiny', '--deterministic'];

/** One line of log.jsonl, as far as the tests look at it. */
export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  readonly seconds: number;
  readonly validation?: { readonly loss: number; readonly best: boolean };
}

/** All whole lines of a run's log. */
export const logOf = (run: string): LoggedStep[] =>
  readFileSync(join(run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

export const lossesOf = (run: string): number[] => logOf(run).map((entry) => entry.loss);

/** Thirty sentences of three words. */
function pairs(): string {
  const does = ['sleeps', 'runs', 'eats', 'sits', 'waits', 'sings'];
  const lines = ['cat', 'dog', 'bird', 'fish', 'horse'].flatMap((en, i) =>
    does.map((verb, k) => `the ${en} ${verb}\t${'猫狗鸟鱼马'[i]}${['睡觉', '跑', '吃', '坐', '等', '唱歌'][k]}\tCC0`),
  );
  return `${lines.join('\n')}\n`;
}

/** Prepares all this for the tests of one file. */
export function commandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-cli-'));
  /** Processes that a failing test may leave behind. */
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    await bundle();
    writeFileSync(join(folder, 'pairs.tsv'), pairs());
  });
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const heddle: CommandLine['heddle'] = (args, { input = '', env = {}, started, watch } = {}) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: folder,
      env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1', ...env } as NodeJS.ProcessEnv,
    });
    running.add(child);
    started?.(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      watch?.(stderr, child);
    });
    // a process that was killed reads no more
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((done, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        running.delete(child);
        done({ code, stdout, stderr });
      });
    });
  };

  const expectLine: CommandLine['expectLine'] = async (args, text, env = {}) => {
    const { code, stdout, stderr } = await heddle(args, { env });
    expect(stderr).toMatch(/^heddle: [^\n]+\n$/);
    expect(stderr).toMatch(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  };

  return { folder, heddle, expectLine };
}
