import type { Device } from '../../../engine/index.ts';
import { presetOf, TRANSLATION } from '../../training/presets.ts';
import type { RunSettings } from '../../training/runs/settings.ts';
import { taskNamed } from '../../training/tasks/index.ts';
import { modelArguments } from './model.ts';
import { tokenizerArguments } from './tokenizer.ts';

/** The command line that makes this run again from nothing, whatever it was resumed from. */
export function commandLine(settings: RunSettings, device: Device): string {
  const { task: taskName, preset: name, model, data, seed, steps, recipe, deterministic } = settings;
  const { validation, checkpoints } = settings;
  const preset = presetOf(name, taskNamed(taskName));
  const parts = ['heddle train'];
  if (taskName !== TRANSLATION.name) parts.push(`--task ${taskName}`);
  if (name !== null) parts.push(`--preset ${name}`);
  parts.push(...modelArguments(model, preset.model), `--steps ${steps}`);
  const add = (option: string, value: number | string | undefined): void => {
    if (value !== undefined) parts.push(`${option} ${value}`);
  };
  add('--batch-tokens', recipe.batchTokens);
  if (recipe.accumulate !== 1) add('--accumulate', recipe.accumulate);
  const { kind, warmup, lr } = recipe.schedule;
  const { schedule } = preset;
  if (kind !== schedule.kind || warmup !== schedule.warmup || lr !== (schedule as typeof recipe.schedule).lr) {
    add('--schedule', kind);
    add('--warmup', warmup);
    add('--lr', lr);
  }
  if (recipe.labelSmoothing !== preset.labelSmoothing) add('--label-smoothing', recipe.labelSmoothing);
  if (recipe.clip !== 1) add('--clip', recipe.clip);
  add('--ema', recipe.ema ?? undefined);
  if (recipe.precision !== 'float32') add('--precision', recipe.precision);
  if (checkpoints.average > 0) add('--average', checkpoints.average);
  if (validation !== null) {
    add('--validate-every', validation.every);
    add('--validate-sentences', validation.sentences);
    add('--metric', validation.metric);
    add('--patience', validation.patience ?? undefined);
  } else if (data.files !== null) add('--validate-every', 0);
  add('--checkpoint-every', checkpoints.every ?? undefined);
  add('--seed', seed);
  add('--backend', device.name);
  for (const [option, values] of tokenizerArguments(settings.tokenizers)) {
    parts.push([option, ...values.map(quoted)].join(' '));
  }
  if (data.files !== null) add('--data', data.files.map(quoted).join(' '));
  if (data.stream) parts.push('--stream');
  if (deterministic) parts.push('--deterministic');
  return parts.join(' ');
}

/** The command line that goes on with a run. */
export const resumeCommand = (path: string): string => `heddle train --resume ${quoted(path)}`;

/** As a shell takes it for one word. */
const quoted = (text: string): string => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
