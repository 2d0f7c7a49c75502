/**
 * Runs a command in the environment of the software adapter:
 *
 *   node scripts/with-software-adapter.mjs node script.mjs
 *
 * Signals go through to the command, and its exit code comes back.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { pathToFileURL } from 'node:url';
import { softwareEnvironment } from './software-adapter.mjs';

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Starts a command with the software adapter's variables and waits for its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [more] further variables
 * @returns {Promise<number>} its exit code; 128 and the signal's number where a signal ended it
 */
export async function runWithSoftwareAdapter(command, args, more = {}) {
  return run(command, args, { ...more, ...(await softwareEnvironment()) });
}

/**
 * Starts a command and waits for its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [more] variables beside those of this process
 * @returns {Promise<number>} its exit code; 128 and the signal's number where a signal ended it
 */
export async function run(command, args, more = {}) {
  const env = { ...process.env, ...more };
  const child = spawn(command, args, { env, stdio: 'inherit' });
  /** @type {(signal: NodeJS.Signals) => void} */
  const pass = (signal) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    return await new Promise((done, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => done(code ?? 128 + (signal ? (constants.signals[signal] ?? 0) : 0)));
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) {
    console.error('usage: node scripts/with-software-adapter.mjs COMMAND [ARGUMENT...]');
    process.exitCode = 2;
  } else {
    process.exitCode = await runWithSoftwareAdapter(command, args);
  }
}
