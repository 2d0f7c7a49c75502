/** The command `heddle`: see `heddle --help`. */
import { CommanderError } from 'commander';
import type { Language } from '../language/language.ts';
import { RanElsewhere } from './device/choose.ts';
import { EXIT, explain } from './errors.ts';
import { languageOf, messagesIn } from './messages/index.ts';
import { createProgram } from './program.ts';

const args = process.argv.slice(2);

/** `--lang zh` decides before anything is parsed, since errors of parsing are said in it too. */
function chosenLanguage(): Language {
  const given = args.flatMap((arg, i) =>
    arg === '--lang' ? [args[i + 1]] : arg.startsWith('--lang=') ? [arg.slice(7)] : [],
  );
  const last = given.at(-1);
  return last === 'en' || last === 'zh' ? last : languageOf(process.env);
}

const language = chosenLanguage();
const context = { say: messagesIn(language), language };
const debug = args.includes('--debug');

function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const line = explain(error, context);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (line !== null) console.error(`heddle: ${line}`);
  if (line === null || debug) console.error(stack);
  process.exitCode = line === null ? EXIT.failure : EXIT.usage;
}

// Whoever reads our output may have had enough of it (`heddle translate … | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  const program = createProgram(context, (code) => {
    process.exitCode = code;
  });
  await program.parseAsync();
} catch (error) {
  if (error instanceof RanElsewhere) process.exitCode = error.code;
  else fail(error);
}
