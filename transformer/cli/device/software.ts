import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Set in a process that was started on the software adapter, so that it does not start another. */
const STARTED = 'HEDDLE_ON_SOFTWARE_ADAPTER';

/** The bundle is dist/cli.js; the repository has the scripts, the published package does not. */
const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), '../scripts/software-adapter.mjs');

interface SoftwareAdapter {
  softwareEnvironment(): Promise<Record<string, string>>;
}

/**
 * The variables that make Dawn find the software adapter; null where there is none to be had (the published package, an
 * installation without development packages, another system) or where this process runs on it already.
 */
export async function softwareEnvironment(): Promise<Record<string, string> | null> {
  if (process.env[STARTED] !== undefined || !existsSync(SCRIPT)) return null;
  try {
    const adapter = (await import(pathToFileURL(SCRIPT).href)) as SoftwareAdapter;
    const env = await adapter.softwareEnvironment();
    return Object.keys(env).length > 0 ? env : null;
  } catch {
    // The package it comes from is not installed.
    return null;
  }
}

/** Runs this command line again in the given environment, passes signals on, and gives its exit code. */
export async function runAgain(env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, ...env, [STARTED]: '1' },
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to the child as well; `Interrupt` takes the two for one.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  try {
    return await new Promise<number>((done, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    process.off('SIGINT', pass).off('SIGTERM', pass);
  }
}
