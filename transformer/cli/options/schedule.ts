import { noamPeak, type ScheduleName, type ScheduleSettings } from '../../training/schedule.ts';

/** What the command line says of it. */
export interface ScheduleFlags {
  readonly schedule?: ScheduleName;
  readonly warmup?: number;
  readonly lr?: number;
}

/** What was asked for, on top of what the preset has. */
export function chosenSchedule(flags: ScheduleFlags, preset: ScheduleSettings, dModel: number): ScheduleSettings {
  const { schedule: kind = preset.kind, warmup = preset.warmup } = flags;
  if (kind === 'noam') return { kind, warmup, ...(flags.lr !== undefined && { lr: flags.lr }) };
  return { kind, warmup, lr: flags.lr ?? preset.lr ?? noamPeak(dModel, warmup) };
}
