import { CommanderError } from 'commander';
import { HeddleError } from '../../engine/index.ts';
import { BilingualError } from '../language/error.ts';
import type { Context } from './context.ts';
import type { Messages } from './messages/index.ts';

/** Something on the command line that does not fit; its text is in the user's language already. */
export class UsageError extends HeddleError {
  override readonly name = 'UsageError';
}

/** Exit codes: all was well; something unexpected, or a result below what is asked; a mistake that can be put right. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** What went wrong, as the one line that stands behind `heddle: `, or null for what nobody expected. */
export function explain(error: unknown, { say, language }: Context): string | null {
  if (error instanceof BilingualError) return oneLine(error.text[language]);
  if (error instanceof CommanderError) return explainUsage(error, say);
  if (error instanceof HeddleError) return oneLine(error.message);
  return isFileError(error) ? explainFile(error, say) : null;
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

/** Commander says these things in English only, and each in its own way. */
function explainUsage({ code, message }: CommanderError, say: Messages): string {
  const name = /'([^']*)'/.exec(message)?.[1] ?? '';
  switch (code) {
    case 'commander.unknownOption':
      return say.unknownOption(name, /Did you mean (?:one of )?(\S+?)[?,]/.exec(message)?.[1] ?? null);
    case 'commander.optionMissingArgument':
    case 'commander.missingArgument':
      return say.missingValue(/--[\w-]+/.exec(name)?.[0] ?? name);
    case 'commander.excessArguments':
      return say.tooMany;
    default:
      return oneLine(message.replace(/^error: /, ''));
  }
}

interface FileError extends Error {
  readonly code: string;
  readonly path: string;
}

/** Errors of the file system name a path; others, as those of the network, do not. */
const isFileError = (error: unknown): error is FileError =>
  error instanceof Error &&
  typeof (error as Partial<FileError>).code === 'string' &&
  typeof (error as Partial<FileError>).path === 'string';

function explainFile({ code, path, message }: FileError, say: Messages): string {
  if (code === 'ENOENT') return say.noSuchFile(path);
  // `EISDIR: illegal operation on a directory, read`: what stands between code and call says why.
  return say.fileTrouble(path, /^\w+: (.*?),/.exec(message)?.[1] ?? code);
}
