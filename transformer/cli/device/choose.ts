import { type Device, device } from '../../../engine/index.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { DeviceFlags } from '../options/shared.ts';
import { probeWebGPU } from './probe.ts';
import { runAgain, softwareEnvironment } from './software.ts';

/** Thrown after this command line ran to its end in another process, with that one's exit code. */
export class RanElsewhere {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}

/**
 * Opens the device that was asked for. `--backend webgpu` on a machine without an adapter runs the whole command again
 * on the software adapter where there is one, and says so; `auto` never does.
 *
 * @throws {RanElsewhere} when that other process has ended
 */
export async function openChosen(flags: DeviceFlags, { say }: Context): Promise<Device> {
  const { backend = 'auto', threads, memory: maxBytes, deterministic = false } = flags;
  const options = {
    deterministic,
    ...(threads !== undefined && { threads }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
  if (backend === 'wasm') return device('wasm', options);
  const probe = await probeWebGPU();
  if (backend === 'auto') return device(probe === 'found' ? 'auto' : 'wasm', options);
  if (probe === 'none') {
    const env = await softwareEnvironment();
    if (env === null) throw new UsageError(say.noAdapter);
    console.error(`heddle: ${say.onSoftware}`);
    throw new RanElsewhere(await runAgain(env));
  }
  return device('webgpu', options);
}
