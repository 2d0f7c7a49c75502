import type { Backend } from './backend.ts';
import { ArgumentError, DeviceError } from './errors.ts';
import { WasmBackend, type WasmOptions } from './wasm/backend.ts';
import type { WebGPUOptions } from './webgpu/device.ts';

export type { WasmOptions } from './wasm/backend.ts';
export type { WebGPUOptions } from './webgpu/device.ts';

/** Somewhere to compute: {@link Backend} under the name a user meets it by. */
export type Device = Backend;

export type DeviceKind = 'auto' | 'webgpu' | 'wasm';

export type DeviceOptions = WasmOptions & WebGPUOptions;

let chosen: Device | null = null;

/** The device that tensors are made on unless told otherwise: the one chosen last, else wasm on one thread. */
export const defaultDevice = (): Device => (chosen ??= WasmBackend.createSync());

/** Makes tensors on `device` from now on. */
export function useDevice(device: Device): Device {
  chosen = device;
  return device;
}

/**
 * Opens a device and uses it from now on.
 *
 * - `webgpu`: a GPU through WebGPU, in the browser or in Node with the package `webgpu`. A software adapter is taken
 *   too, since it was asked for by name; `device.software` tells.
 * - `wasm`: the CPU: SIMD, as many threads as it has cores.
 * - `auto`: WebGPU if there is a real GPU, else wasm, never a software adapter. `device.description` says which.
 *
 * @throws {DeviceError} when the kind asked for cannot be had
 */
export async function device(kind: DeviceKind = 'auto', options: DeviceOptions = {}): Promise<Device> {
  return useDevice(await openDevice(kind, options));
}

/** Opens a device without using it for new tensors. */
export async function openDevice(kind: DeviceKind, options: DeviceOptions = {}): Promise<Device> {
  switch (kind) {
    case 'wasm':
      return WasmBackend.create(options);
    case 'webgpu':
      return await openWebGPU({ allowSoftware: true, ...options });
    case 'auto':
      try {
        return await openWebGPU({ ...options, allowSoftware: false });
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        return WasmBackend.create(options);
      }
    default:
      throw new ArgumentError(
        `device: ${JSON.stringify(kind)} is no kind of device. Expected 'auto', 'webgpu' or 'wasm'.`,
      );
  }
}

/** Loaded only when it is asked for: a program on wasm needs neither it nor the text of the shaders. */
async function openWebGPU(options: WebGPUOptions): Promise<Device> {
  const { WebGPUBackend } = await import('./webgpu/backend.ts');
  return WebGPUBackend.create(options);
}
