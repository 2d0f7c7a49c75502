import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** HEDDLE_PYTHON names a Python with torch; Debian's python3-torch is here. It needs no other package. */
const PYTHON = process.env['HEDDLE_PYTHON'] ?? '/usr/bin/python3';

/** Long enough for a machine that does other things; nothing here takes a tenth of it. */
const LIMIT_MS = 120_000;

const run = promisify(execFile);

/** The version of torch that Python has; null where it has none, which one line on standard error says. */
export function torchVersion(): string | null {
  const asked = spawnSync(PYTHON, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  if (asked.status === 0) return asked.stdout.trim();
  process.stderr.write(
    `The checks against PyTorch were not run: ${PYTHON} has no torch. apt-get install python3-torch brings it, or HEDDLE_PYTHON names another.\n`,
  );
  return null;
}

/** Runs Python in a folder, on one thread; gives what it printed. */
export async function python(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(PYTHON, [...args], { cwd, env, timeout: LIMIT_MS, maxBuffer: 1 << 28 });
  return stdout;
}
