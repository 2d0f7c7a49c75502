import type { Device } from '../../engine/index.ts';
import type { Counts } from './engine.ts';

/** What one run does to the counters of the device; others have gone before it. */
export async function countsOf(device: Device, run: () => void): Promise<Counts> {
  await device.sync();
  const before = device.work();
  run();
  await device.sync();
  const { dispatches, submits, bindGroups, buffers } = device.work();
  return {
    dispatches: dispatches - before.dispatches,
    submits: submits - before.submits,
    bindGroups: bindGroups - before.bindGroups,
    buffers: buffers - before.buffers,
  };
}
