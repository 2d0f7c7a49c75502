import { bpe } from './bpe.ts';
import type { Fields } from './format.ts';
import type { Model } from './model.ts';
import { unigram } from './unigram.ts';
import { wordLevel, wordPiece } from './words.ts';

const MODELS: Readonly<Record<string, (config: Fields) => Model>> = {
  BPE: bpe,
  Unigram: unigram,
  WordLevel: wordLevel,
  WordPiece: wordPiece,
};

/** @throws {FormatError} for a type that is not supported */
export function readModel(config: Fields): Model {
  const type = config.type || guess(config);
  if (!Object.hasOwn(MODELS, type)) throw config.unsupported('model', Object.keys(MODELS));
  return MODELS[type]!(config);
}

/** Early files do not name the type. */
function guess(config: Fields): string {
  if (config.has('merges')) return 'BPE';
  if (Array.isArray(config.raw('vocab'))) return 'Unigram';
  return config.has('continuing_subword_prefix') ? 'WordPiece' : config.has('vocab') ? 'WordLevel' : '';
}
