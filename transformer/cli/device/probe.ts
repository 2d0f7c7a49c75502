import { spawn } from 'node:child_process';

/** Exit codes of the probe. */
const FOUND = 0;
const NONE = 3;
const NO_PACKAGE = 4;

/** Whether this machine has a WebGPU adapter: one there is, none, or no package to ask with. */
export type Probe = 'found' | 'none' | 'no package';

/**
 * Asks for a WebGPU adapter in a process of its own: where there is no driver, Dawn complains to standard error past
 * everything that could catch it, and a broken driver takes its process down.
 */
export async function probeWebGPU(): Promise<Probe> {
  let module: string;
  try {
    module = import.meta.resolve('webgpu');
  } catch {
    return 'no package';
  }
  const program = `
    const dawn = await import(${JSON.stringify(module)}).catch(() => process.exit(${NO_PACKAGE}));
    const adapter = await dawn.create([]).requestAdapter();
    process.exit(adapter === null ? ${NONE} : ${FOUND});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' });
  const code = await new Promise<number | null>((done) => {
    child.once('error', () => done(null));
    child.once('exit', done);
  });
  return code === FOUND ? 'found' : code === NO_PACKAGE ? 'no package' : 'none';
}
