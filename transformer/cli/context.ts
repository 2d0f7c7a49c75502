import type { Language } from '../language/language.ts';
import type { Messages } from './messages/index.ts';

/** What every command is handed beside its own options. */
export interface Context {
  readonly say: Messages;
  readonly language: Language;
}
