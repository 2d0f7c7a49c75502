import { type Device, openDevice } from '../../engine/index.ts';

let open: Promise<readonly Device[]> | undefined;

/**
 * Both devices, opened once for each test file. There is no running without WebGPU: `npm ci` brings a software
 * adapter, so a missing one is a failure of the set-up, and this throws. HEDDLE_DEVICES=wasm leaves it out for a quick loop,
 * which scripts/test.mjs says at the end; what tests WebGPU itself fails then.
 */
export const devices = (): Promise<readonly Device[]> =>
  (open ??= Promise.all([
    openDevice('wasm', { threads: 2 }),
    ...(process.env['HEDDLE_DEVICES'] === 'wasm' ? [] : [openDevice('webgpu')]),
  ]));
