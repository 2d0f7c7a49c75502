import { inLanguage, type Language, type Speech } from '../../language/language.ts';
import { decoding } from './decoding.ts';
import { errors } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { exporting } from './export.ts';
import { general } from './general.ts';
import { info } from './info.ts';
import { memory } from './memory.ts';
import { modelling } from './model.ts';
import { tasks } from './tasks.ts';
import { tokenizers } from './tokenizers.ts';
import { train } from './train.ts';
import { training } from './training.ts';
import { translate } from './translate.ts';

/** The rooms of the table; no name stands in two of them (a test holds that). */
export const ROOMS = {
  general,
  errors,
  train,
  training,
  tokenizers,
  modelling,
  decoding,
  evaluate,
  translate,
  info,
  exporting,
  tasks,
  memory,
};

/** Everything the command line says, in both languages. A text that lacks one is a type error. */
const table = {
  ...general,
  ...errors,
  ...train,
  ...training,
  ...tokenizers,
  ...modelling,
  ...decoding,
  ...evaluate,
  ...translate,
  ...info,
  ...exporting,
  ...tasks,
  ...memory,
};

export type Messages = Speech<typeof table>;

export const messagesIn = (language: Language): Messages => inLanguage(table, language);

/** The language of a locale: `zh_CN.UTF-8` is Chinese, everything else English. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  // POSIX: the first of these that is set and not empty decides.
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}
