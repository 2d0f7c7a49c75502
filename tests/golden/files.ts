import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, decodeSafetensors, type HostTensor } from '../../engine/index.ts';
import type { BleuTokenizer } from '../../transformer/index.ts';

/** One operation on given inputs, and what must come out. */
export interface OpGolden {
  readonly case: string;
  readonly op: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly grads: readonly (string | null)[];
}

/** One model: its configuration, and tensors under `MODEL/…`. */
export interface ModelGolden {
  readonly model: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly training?: Readonly<Record<string, unknown>>;
  readonly lr?: Readonly<Record<string, number>>;
}

/** Translations, their references, and what sacreBLEU makes of them. */
export interface BleuGolden {
  readonly case: string;
  readonly tokenize: BleuTokenizer;
  readonly options: Readonly<Record<string, unknown>>;
  readonly hyps: readonly string[];
  /** Sets of references; null where a set has none for a sentence. */
  readonly refs: readonly (readonly (string | null)[])[];
  readonly [score: string]: unknown;
}

type Tensors = Readonly<Record<string, HostTensor>>;

export interface Golden {
  readonly ops: readonly OpGolden[];
  readonly opTensors: Tensors;
  readonly models: readonly ModelGolden[];
  readonly modelTensors: Tensors;
  /** None without a bleu.json. */
  readonly bleu: readonly BleuGolden[];
}

/** Reads the golden directory whole. */
export function readGolden(dir: string): Golden {
  if (!existsSync(join(dir, 'ops.json'))) {
    throw new ArgumentError(`golden: ${dir} has no ops.json. Give the directory of the golden cases with --dir.`);
  }
  const json = <T>(name: string): T => JSON.parse(readFileSync(join(dir, name), 'utf8')) as T;
  const tensors = (name: string): Tensors => decodeSafetensors(readFileSync(join(dir, name)), name).tensors;
  return {
    ops: json('ops.json'),
    opTensors: tensors('ops.safetensors'),
    models: json('models.json'),
    modelTensors: tensors('models.safetensors'),
    bleu: existsSync(join(dir, 'bleu.json')) ? json<{ cases: BleuGolden[] }>('bleu.json').cases : [],
  };
}
