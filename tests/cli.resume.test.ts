/** A run that is killed and goes on must come out as one that was not: the same losses and the same files, bit for bit. */
import type { ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  type FSWatcher,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandLine, logOf, lossesOf, type Result, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();

/** Enough that a process can be killed in the midst of it, few enough to be done in a second. */
const STEPS = 40;
const NEW = ['train', '--backend', 'wasm', '--preset', 'tiny', '--data', 'pairs.tsv', '--steps', `${STEPS}`];
/** With everything that has a state of its own: checkpoints and their mean, the moving average, validation and its best. */
const OFTEN = ['--checkpoint-every', '7', '--keep', '4', '--average', '3', '--ema', '0.9'];
const MEASURED = ['--validate-every', '9', '--metric', 'loss'];

const STRAIGHT = join(folder, 'straight');
const KILLED = join(folder, 'killed');
const stepsTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const checkpointsOf = (run: string): string[] => readdirSync(join(run, 'checkpoints')).sort();

/** When to kill a process, told by what lies in the folder of its run. */
type Moment = (run: string) => boolean;

const linesOf = (run: string): number =>
  existsSync(join(run, 'log.jsonl')) ? readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n').length - 1 : 0;
const holds = (path: string, name: RegExp): boolean => existsSync(path) && readdirSync(path).some((n) => name.test(n));

/** Sends a signal at a moment; what changes in the folder of the run and in its checkpoints is the clock. */
function at(run: string, moment: Moment, signal: NodeJS.Signals): (child: ChildProcess) => void {
  return (child) => {
    const watchers = new Map<string, FSWatcher>();
    let sent = false;
    const look = (): void => {
      for (const path of [folder, run, join(run, 'checkpoints')]) {
        if (!watchers.has(path) && existsSync(path)) watchers.set(path, watch(path, look));
      }
      if (!sent && moment(run)) sent = child.kill(signal);
    };
    look();
    child.once('exit', () => {
      for (const watcher of watchers.values()) watcher.close();
    });
  };
}

/** Expects that a run has every step once, with the losses of the one that was never interrupted. */
function expectSame(run: string): void {
  expect(logOf(run).map((entry) => entry.step)).toEqual(stepsTo(STEPS));
  expect(lossesOf(run)).toEqual(lossesOf(STRAIGHT));
  expect(logOf(run).map((entry) => entry.validation)).toEqual(logOf(STRAIGHT).map((entry) => entry.validation));
  const seconds = logOf(run).map((entry) => entry.seconds);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    const path = join('checkpoints', `step-${STEPS}`, file);
    expect(readFileSync(join(run, path)).equals(readFileSync(join(STRAIGHT, path)))).toBe(true);
  }
}

const configOf = (run: string) => JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));

beforeAll(async () => {
  const { code } = await heddle([...NEW, ...OFTEN, ...MEASURED, '--threads', '1', '--out', STRAIGHT]);
  expect(code).toBe(0);
});

/** Many processes on a machine that is busy. */
const PATIENCE = { timeout: 180_000 };

describe('a run that is interrupted', PATIENCE, () => {
  // two threads and the fastest instructions, against one thread: neither may change a bit on one machine
  const threads = ['--threads', '2'];

  it('comes out the same, bit for bit, wherever it is killed', async () => {
    const random = (low: number, high: number): number => low + Math.floor(Math.random() * (high - low));
    const moments: readonly (readonly [what: string, moment: Moment])[] = [
      ['before anything is learnt', (run) => existsSync(join(run, 'config.json'))],
      ['before the first checkpoint', (run) => linesOf(run) >= 3],
      ['while a checkpoint is written', (run) => holds(join(run, 'checkpoints'), /^step-7\.\d+\.tmp$/)],
      ['while the log is on its way', (run) => linesOf(run) >= random(8, 14)],
      ['while the model is replaced', (run) => holds(run, /^model\.safetensors\.\d+\.tmp$/)],
      ['when old checkpoints give way', (run) => existsSync(join(run, 'checkpoints/step-35'))],
      ['late', (run) => linesOf(run) >= random(36, STEPS)],
    ];
    let command = [...NEW, ...OFTEN, ...MEASURED, ...threads, '--out', KILLED];
    for (const [what, moment] of moments) {
      const { code, stderr } = await heddle(command, { started: at(KILLED, moment, 'SIGKILL') });
      expect([what, code, stderr]).toEqual([what, null, stderr]);
      command = ['train', '--resume', KILLED, '--backend', 'wasm', ...threads];
    }
    const { code, stdout } = await heddle(command);
    expect(code).toBe(0);
    expect(stdout).toMatch(/going on with .*killed after step \d+/);
    expectSame(KILLED);
    expect(checkpointsOf(KILLED)).toEqual(['step-21', 'step-28', 'step-35', 'step-40']);
    expect(readdirSync(KILLED).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(
      readFileSync(join(KILLED, 'model.safetensors')).equals(readFileSync(join(STRAIGHT, 'model.safetensors'))),
    ).toBe(true);
  });

  it('saves on Ctrl-C, says how to go on, and leaves the same checkpoints in the end', async () => {
    const run = join(folder, 'stopped');
    const started = at(run, () => linesOf(run) >= 9, 'SIGINT');
    const first = await heddle([...NEW, ...OFTEN, ...MEASURED, ...threads, '--out', run], { started });
    expect(first.code).toBe(130);
    expect(first.stderr).toContain('Ctrl-C again quits at once');
    expect(first.stderr).toContain(`Go on with: heddle train --resume ${run}`);
    const stopped = linesOf(run);
    expect(logOf(run).map((entry) => entry.step)).toEqual(stepsTo(stopped));
    expect(checkpointsOf(run)).toContain(`step-${stopped}`);
    expect((await heddle(['train', '--resume', run, '--backend', 'wasm', ...threads])).code).toBe(0);
    expectSame(run);
    expect(checkpointsOf(run)).toEqual(checkpointsOf(STRAIGHT));
  });
});

describe('--resume', PATIENCE, () => {
  it('goes back to a checkpoint that is whole, and names those that are not', async () => {
    const run = join(folder, 'damaged');
    cpSync(STRAIGHT, run, { recursive: true });
    const inside = (step: number, file: string): string => join(run, 'checkpoints', `step-${step}`, file);
    const optimizer = readFileSync(inside(40, 'optimizer.safetensors'));
    optimizer[optimizer.length >> 1]! ^= 1;
    writeFileSync(inside(40, 'optimizer.safetensors'), optimizer);
    truncateSync(inside(35, 'config.json'), 100);
    rmSync(inside(28, 'tokenizer.json'));
    const resume = ['train', '--resume', run, '--backend', 'wasm', '--threads', '1'];
    const { code, stdout, stderr } = await heddle(resume);
    expect(code).toBe(0);
    expect(stdout).toContain('after step 21');
    expect(stderr).toMatch(/step-40 is damaged, .*optimizer\.safetensors is not as it was written/);
    expect(stderr).toMatch(/step-35 is damaged, .*config\.json is not JSON/);
    expect(stderr).toMatch(/step-28 is damaged, .*tokenizer\.json is missing/);
    expectSame(run);
    for (const name of checkpointsOf(run)) truncateSync(join(run, 'checkpoints', name, 'model.safetensors'), 5000);
    const none = await heddle(resume);
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/heddle: .*nothing to go on from, no checkpoint is whole.*\n$/);
  });

  it('uses the best model that was measured, and ends for good when none better comes', async () => {
    const measured = logOf(STRAIGHT).flatMap((entry) => entry.validation?.loss ?? []);
    const { chosen } = configOf(STRAIGHT);
    expect(chosen.metric).toBe('loss');
    if (chosen.by === 'best') expect(chosen.value).toBe(Math.min(...measured));
    // the mean of the last checkpoints only where it is better than all of them
    else expect(chosen).toMatchObject({ by: 'average', steps: [28, 35, 40] });
    expect(chosen.value).toBeLessThanOrEqual(Math.min(...measured));

    const run = join(folder, 'early');
    const wild = ['--schedule', 'constant', '--warmup', '1', '--lr', '2', '--validate-every', '1', '--metric', 'loss'];
    const first = await heddle([...NEW, ...wild, '--patience', '2', '--threads', '1', '--out', run]);
    expect(first.stdout).toContain('stopped early: 2 validations in a row brought nothing better');
    const log = logOf(run);
    expect(log.length).toBeLessThan(STEPS);
    expect(log.slice(-3).map((entry) => entry.validation!.best)).toEqual([true, false, false]);
    expect(configOf(run).chosen).toMatchObject({ by: 'best', step: log.length - 2 });
    const again = await heddle(['train', '--resume', run, '--backend', 'wasm', '--threads', '1']);
    expect(again.code).toBe(0);
    expect(logOf(run)).toEqual(log);
  });

  it('takes more steps or epochs, and says what it does not take', async () => {
    const run = join(folder, 'longer');
    await heddle(['train', ...TINY, '--data', 'pairs.tsv', '--epochs', '2', '--out', run]);
    const resume = ['train', '--resume', run, '--backend', 'wasm', '--threads', '1'];
    expect(await heddle([...resume, '--epochs', '4'])).toMatchObject({ code: 0 });
    expect(lossesOf(run)).toHaveLength(4);
    expect(await heddle([...resume, '--steps', '5'])).toMatchObject({ code: 0 });
    const straight = join(folder, 'five');
    await heddle(['train', ...TINY, '--data', 'pairs.tsv', '--steps', '5', '--out', straight]);
    expect(lossesOf(run)).toEqual(lossesOf(straight));
    await expectLine([...resume, '--steps', '3'], /at step 5 already, and 3 were asked for/);
    await expectLine([...resume, '--steps', '9', '--epochs', '9'], /--steps does not go with --epochs/);
    await expectLine([...resume, '--lr', '0.1'], /--resume does not go with --lr/);
    await expectLine(['train', '--resume', join(run, 'checkpoints/step-5')], /is a checkpoint.*--resume .*longer/);
  });

  it('refuses other data, and finds the same elsewhere', async () => {
    const text = readFileSync(join(folder, 'pairs.tsv'), 'utf8');
    const copy = join(folder, 'moved.tsv');
    writeFileSync(copy, text);
    const run = join(folder, 'five');
    const resume = ['train', '--resume', run, '--steps', '6', '--backend', 'wasm', '--threads', '1'];
    expect(await heddle([...resume, '--data', copy])).toMatchObject({ code: 0 });
    writeFileSync(copy, text.replaceAll('猫', '虎'));
    await expectLine(resume, /moved\.tsv: the data are not those .*\(28 pairs, but other ones\)/);
    writeFileSync(copy, text.replace(/\n[^\n]*\n$/, '\n'));
    await expectLine(resume, /moved\.tsv: the data are not those .*\(28 pairs then, 27 now\)/);
  });

  it('ends a process whose run another one goes on with', async () => {
    const run = join(folder, 'two');
    const long = [
      'train',
      ...TINY,
      '--data',
      'pairs.tsv',
      '--steps',
      '100000',
      '--checkpoint-every',
      '5',
      '--out',
      run,
    ];
    const other: Promise<Result>[] = [];
    const first = await heddle(long, {
      started: (child) =>
        at(
          run,
          () => {
            if (linesOf(run) < 12 || other.length > 0) return false;
            // the second one stops when the first has ended
            const stop = (second: ChildProcess): void => void child.once('exit', () => second.kill('SIGINT'));
            other.push(heddle(['train', '--resume', run, '--backend', 'wasm', '--threads', '1'], { started: stop }));
            return false;
          },
          'SIGKILL',
        )?.(child),
    });
    expect(first.code).toBe(2);
    expect(first.stderr).toMatch(/another process goes on with this run/);
    expect((await other[0]!).code).toBe(130);
    expect(logOf(run).map((entry) => entry.step)).toEqual(stepsTo(logOf(run).length));
  });
});
