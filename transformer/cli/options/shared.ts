import { Option } from 'commander';
import type { DeviceKind } from '../../../engine/index.ts';
import { UsageError } from '../errors.ts';
import type { Messages } from '../messages/index.ts';

/** Seeds are exact integers. */
const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

export const BACKENDS: readonly DeviceKind[] = ['auto', 'webgpu', 'wasm'];

/** The name a value is complained about by: `--steps`. */
const nameOf = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? flags;

/** An option that takes a whole number from `low` to `high`. */
export function numberOption(flags: string, description: string, say: Messages, low: number, high: number): Option {
  return new Option(flags, description).argParser((value) => {
    const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(parsed >= low && parsed <= high))
      throw new UsageError(say.badNumber(nameOf(flags), value, `${low}`, `${high}`));
    return parsed;
  });
}

/** Bounds of a number that need not be whole; each end belongs to the range (`least`, `most`) or does not. */
export type DecimalRange = ({ readonly least: number } | { readonly above: number }) &
  ({ readonly most: number } | { readonly below: number });

/** An option that takes a number such as `0.1` or `1e-4`. */
export function decimalOption(flags: string, description: string, say: Messages, range: DecimalRange): Option {
  const [low, open] = 'above' in range ? [range.above, true] : [range.least, false];
  const [high, below] = 'below' in range ? [range.below, true] : [range.most, false];
  return new Option(flags, description).argParser((value) => {
    const parsed = /^[\d.]+(e[-+]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
    const fits = (open ? parsed > low : parsed >= low) && (below ? parsed < high : parsed <= high);
    if (!fits) {
      throw new UsageError(say.badDecimal(nameOf(flags), value, say.decimalRange(`${low}`, open, `${high}`, below)));
    }
    return parsed;
  });
}

/** An option that takes one of a few words. */
export function choiceOption(flags: string, description: string, say: Messages, choices: readonly string[]): Option {
  return new Option(flags, description).argParser((value) => {
    if (!choices.includes(value)) throw new UsageError(say.badChoice(nameOf(flags), value, choices.join(', ')));
    return value;
  });
}

/** Less holds no model. */
const LEAST_MEMORY = 16e6;

/** An option that takes a size of memory: `500MB`, `1.5 GB`; in units of a thousand, as sizes are shown. */
function sizeOption(flags: string, description: string, say: Messages): Option {
  return new Option(flags, description).argParser((value) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([MG])B?$/i.exec(value.trim()) ?? [];
    const size = Number(number) * (unit.toUpperCase() === 'G' ? 1e9 : 1e6);
    if (number === '' || size < LEAST_MEMORY) throw new UsageError(say.badSize(nameOf(flags), value));
    return size;
  });
}

/** The options that say where to compute, for every command that does. */
export const deviceOptions = (say: Messages): Option[] => [
  choiceOption('--backend <kind>', say.helpBackend, say, BACKENDS),
  numberOption('--threads <n>', say.helpThreads, say, 1, 64),
  sizeOption('--memory <size>', say.helpMemory, say),
  new Option('--deterministic', say.helpDeterministic),
];

export const seedOption = (say: Messages, help: string = say.helpSeed): Option =>
  numberOption('--seed <n>', help, say, 0, LARGEST_SEED);

/** What those options give. */
export interface DeviceFlags {
  readonly backend?: DeviceKind;
  readonly threads?: number;
  /** In bytes. */
  readonly memory?: number;
  readonly deterministic?: boolean;
}
