import type { Option } from 'commander';
import { Generator } from '../../../engine/index.ts';
import type { GenerateOptions } from '../../model/decoding/index.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Messages } from '../messages/index.ts';
import { decimalOption, numberOption, seedOption } from './shared.ts';

/** What the options of decoding give, for every command that translates. */
export interface DecodingFlags {
  readonly beam?: number;
  readonly lengthPenalty?: number;
  readonly maxLength?: number;
  readonly noRepeatNgram?: number;
  readonly repetitionPenalty?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
}

/** A wider beam or a longer sentence is a typing error rather than a wish. */
const MOST_BEAM = 1000;
const MOST_TOKENS = 100_000;

export function decodingOptions(say: Messages): Option[] {
  const noRepeat = numberOption('--no-repeat-ngram <n>', say.helpNoRepeatNgram, say, 1, MOST_TOKENS);
  // commander takes it for the opposite of --repeat-ngram
  noRepeat.negate = false;
  return [
    numberOption('--beam <n>', say.helpBeam, say, 1, MOST_BEAM),
    decimalOption('--length-penalty <alpha>', say.helpLengthPenalty, say, { least: 0, most: 10 }),
    numberOption('--max-length <n>', say.helpMaxLength, say, 1, MOST_TOKENS),
    noRepeat,
    decimalOption('--repetition-penalty <theta>', say.helpRepetitionPenalty, say, { least: 1, most: 100 }),
    decimalOption('--temperature <t>', say.helpTemperature, say, { above: 0, most: 1000 }),
    numberOption('--top-k <n>', say.helpTopK, say, 1, MOST_TOKENS),
    decimalOption('--top-p <p>', say.helpTopP, say, { above: 0, most: 1 }),
    seedOption(say, say.helpSampleSeed),
  ];
}

/** How sentences are translated. */
export interface Decoding {
  /** What `generate` takes. All that one command draws comes from one generator. */
  readonly options: GenerateOptions;
  /** The same as plain values, defaults filled in: for people and for JSON. */
  readonly settings: DecodingSettings;
}

export interface DecodingSettings {
  readonly method: 'greedy' | 'beam' | 'sampling';
  readonly [option: string]: string | number;
}

/** What a beam search takes where only the number of translations was given; of sampling, the seed. */
const USUAL_BEAM = 4;
const USUAL_SEED = 1;
/** α of `generate` where nobody gives one. */
const USUAL_PENALTY = 0.6;

/** @throws {UsageError} for options that do not go together */
export function decodingOf(flags: DecodingFlags, { say }: Context, nBest?: number): Decoding {
  const { lengthPenalty, maxLength, noRepeatNgram, repetitionPenalty } = flags;
  const { temperature, topK, topP, seed } = flags;
  const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
  const limits = given({ lengthPenalty, maxLength, noRepeatNgram, repetitionPenalty });
  const drawing = Object.entries({ temperature, topK, topP, seed }).find(([, value]) => value !== undefined);
  const beam = flags.beam ?? (nBest === undefined ? undefined : Math.max(USUAL_BEAM, nBest));
  if (drawing !== undefined) {
    const option = `--${drawing[0].replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (beam !== undefined)
      throw new UsageError(say.beamDraws(flags.beam === undefined ? '--n-best' : '--beam', option));
    const own = given({ temperature, topK, topP });
    const chosen = seed ?? USUAL_SEED;
    return {
      options: { ...limits, ...own, generator: new Generator(chosen) },
      settings: { method: 'sampling', ...own, seed: chosen, ...limits },
    };
  }
  if (beam === undefined) return { options: limits, settings: { method: 'greedy', ...limits } };
  if (nBest !== undefined && nBest > beam) throw new UsageError(say.beamTooNarrow(`${nBest}`, `${beam}`));
  return {
    options: { ...limits, beam, ...given({ nBest }) },
    settings: { method: 'beam', beam, lengthPenalty: USUAL_PENALTY, ...limits },
  };
}

/** `beam 4, length penalty 0.6` */
export function describeDecoding({ method, ...rest }: DecodingSettings, { say }: Context): string {
  const names: Readonly<Record<string, string>> = {
    beam: say.beamName,
    lengthPenalty: say.lengthPenaltyName,
    maxLength: say.maxLengthName,
    noRepeatNgram: say.noRepeatNgramName,
    repetitionPenalty: say.repetitionPenaltyName,
    temperature: say.temperatureName,
    topK: 'top k',
    topP: 'top p',
    seed: say.seedName,
  };
  const parts = Object.entries(rest).map(([name, value]) => `${names[name] ?? name} ${value}`);
  const first = method === 'greedy' ? say.greedyName : method === 'sampling' ? say.samplingName : null;
  return [...(first === null ? [] : [first]), ...parts].join(', ');
}
