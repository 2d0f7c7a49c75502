/** What a run is made of: the settings that options and presets decide, and what is kept of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { messagesIn } from '../transformer/cli/messages/index.ts';
import { chosenSchedule } from '../transformer/cli/options/schedule.ts';
import { prepareJob, type TrainFlags } from '../transformer/cli/training/job.ts';
import { regular, retained } from '../transformer/training/runs/checkpoints.ts';
import { type ScheduleSettings, scheduleOf } from '../transformer/training/schedule.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pairs = join(folder, 'pairs.tsv');
writeFileSync(pairs, Array.from({ length: 100 }, (_, i) => `sentence ${i}\tSatz ${i}`).join('\n'));
const few = join(folder, 'few.tsv');
writeFileSync(few, 'one\teins\ntwo\tzwei\n');

let runs = 0;
/** The settings of a new run on a hundred pairs. */
const settingsOf = async (flags: TrainFlags = {}) => {
  const own = { data: [pairs], out: join(folder, `run-${runs++}`), ...flags };
  return (await prepareJob(own, { say: messagesIn('en'), language: 'en' })).settings;
};

describe('schedule', () => {
  const noam: ScheduleSettings = { kind: 'noam', warmup: 400 };
  const linear: ScheduleSettings = { kind: 'linear', warmup: 100, lr: 0.003 };
  /** The rates at some steps of a thousand, for a model of width 256. */
  const rates = (settings: ScheduleSettings, steps: readonly number[]): number[] =>
    steps.map(scheduleOf(settings, 1000, 256));

  it('is the preset’s, but for what was said', () => {
    expect(chosenSchedule({}, noam, 256)).toEqual(noam);
    expect(chosenSchedule({}, linear, 256)).toEqual(linear);
    expect(chosenSchedule({ warmup: 50 }, linear, 256)).toEqual({ ...linear, warmup: 50 });
    expect(chosenSchedule({ schedule: 'cosine' }, linear, 256)).toEqual({ ...linear, kind: 'cosine' });
    expect(chosenSchedule({ schedule: 'noam' }, linear, 256)).toEqual({ kind: 'noam', warmup: 100 });
    // the largest rate of the paper's schedule is as good a guess as any
    const guessed = chosenSchedule({ schedule: 'constant' }, noam, 256);
    expect(guessed).toMatchObject({ kind: 'constant', warmup: 400 });
    expect(guessed.lr).toBeCloseTo(256 ** -0.5 * 400 ** -0.5, 12);
  });

  it('rises to its largest rate at the end of the warm-up, whatever its kind', () => {
    for (const kind of ['noam', 'linear', 'cosine', 'constant'] as const) {
      const [quarter, top] = rates({ kind, warmup: 400, lr: 0.01 }, [100, 400]);
      expect(quarter).toBeCloseTo(0.0025, 12);
      expect(top).toBeCloseTo(0.01, 12);
    }
  });

  it('then falls as its name says', () => {
    const at = [700, 1000];
    expect(rates({ kind: 'noam', warmup: 400, lr: 0.01 }, [1600])[0]).toBeCloseTo(0.005, 12);
    expect(rates(noam, [400])[0]).toBeCloseTo((256 * 400) ** -0.5, 12);
    for (const [kind, wanted] of [
      ['linear', [0.005, 0]],
      ['cosine', [0.005, 0]],
      ['constant', [0.01, 0.01]],
    ] as const) {
      const found = rates({ kind, warmup: 400, lr: 0.01 }, at);
      for (const [i, rate] of found.entries()) expect(rate).toBeCloseTo(wanted[i]!, 12);
    }
  });
});

describe('settings of a run', () => {
  it('validate on pairs of one’s own, and take what was said', async () => {
    const preset = await settingsOf();
    expect(preset.validation).toEqual({ every: null, sentences: 500, metric: 'chrf', patience: null });
    expect(preset.checkpoints).toEqual({ every: null, keep: 5, average: 0 });
    expect(preset.recipe).toMatchObject({ accumulate: 1, clip: 1, ema: null, labelSmoothing: 0.1 });
    const said = await settingsOf({
      ...{ validateEvery: 7, metric: 'loss', patience: 2, average: 8, keep: 3, checkpointEvery: 9 },
      ...{ clip: 0, ema: 0.99, accumulate: 4, labelSmoothing: 0 },
    });
    expect(said.validation).toEqual({ every: 7, sentences: 500, metric: 'loss', patience: 2 });
    // what is to be averaged must be kept
    expect(said.checkpoints).toEqual({ every: 9, keep: 8, average: 8 });
    expect(said.recipe).toMatchObject({ accumulate: 4, clip: 0, ema: 0.99, labelSmoothing: 0 });
    expect((await settingsOf({ validateEvery: 0 })).validation).toBeNull();
    expect((await settingsOf({ validateSentences: 0 })).validation).toMatchObject({ metric: 'loss', sentences: 0 });
  });

  it('do not validate where there is nothing to validate on', async () => {
    expect((await settingsOf({ data: [few] })).validation).toBeNull();
    await expect(settingsOf({ data: [few], patience: 2 })).rejects.toThrow(/of so few, none can be set aside/);
    await expect(settingsOf({ validateEvery: 0, patience: 2 })).rejects.toThrow(/does not go with --metric or --pat/);
    await expect(settingsOf({ validateSentences: 0, metric: 'bleu' })).rejects.toThrow(/nothing to score/);
    await expect(settingsOf({ steps: 3, epochs: 3 })).rejects.toThrow(/--steps does not go with --epochs/);
  });
});

describe('checkpoints that are kept', () => {
  const turn = { every: 10, steps: 45, keep: 2 };

  it('are the newest of those written in turn, the newest of all, and the best', () => {
    expect(regular([7, 10, 20, 23, 30, 40, 45], turn)).toEqual([10, 20, 30, 40, 45]);
    expect([...retained([10, 20, 23], turn, null)].sort()).toEqual([10, 20, 23]);
    // the one that was written when somebody stopped the run is of no use any more
    expect([...retained([10, 20, 23, 30], turn, null)].sort()).toEqual([20, 30]);
    expect([...retained([10, 17, 20, 30, 40], turn, 17)].sort()).toEqual([17, 30, 40]);
    expect([...retained([31, 64, 95], { every: null, steps: 200, keep: 2 }, null)].sort()).toEqual([64, 95]);
  });
});
