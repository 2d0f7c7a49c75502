import { DeviceError } from '../errors.ts';

/** How to choose a WebGPU device. */
export interface WebGPUOptions {
  /** The WebGPU implementation. Default: `navigator.gpu`, or in Node the optional package `webgpu`. */
  readonly gpu?: GPU;
  /** False refuses an adapter that runs on the CPU. Default true. */
  readonly allowSoftware?: boolean;
  /** Which card, where there are two. Default 'high-performance'. */
  readonly powerPreference?: GPUPowerPreference;
  /** The most bytes all live buffers may take. Default: whatever the device gives. */
  readonly maxBytes?: number;
  /** The most bytes of freed buffers kept for reuse. Default: as much as was live at the peak, at least 256 MiB. */
  readonly poolBytes?: number;
}

/** A device in use, and what is known about it. */
export interface OpenDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly description: string;
  readonly software: boolean;
}

/** Limits worth raising to what the adapter has; the others stay at the values every WebGPU device promises. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

const WANTED_FEATURES: readonly GPUFeatureName[] = ['subgroups', 'shader-f16', 'timestamp-query'];

/** What the package `webgpu` exports. */
interface DawnModule {
  create(options: readonly string[]): GPU;
}

/** Dawn in Node stops answering once the object `create` returned is collected: held for as long as the process lives. */
const held = new Set<GPU>();
let dawn: GPU | undefined;

/**
 * Workgroup memory is left as it is found: every kernel fills it before reading, and clearing it makes SwiftShader compile
 * one instruction for each number of it.
 */
const DAWN_OPTIONS = ['enable-dawn-features=disable_workgroup_init'];

/** Adapters that compute on the CPU, by what they say about themselves. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  if (info.isFallbackAdapter) return true;
  return /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(
    `${info.architecture} ${info.device} ${info.description}`,
  );
}

/** The adapter in a few words: `SwiftShader`, `NVIDIA H100`, `apple metal-3`. */
export function adapterName(info: GPUAdapterInfo): string {
  if (/swiftshader/i.test(`${info.architecture} ${info.device} ${info.description}`)) return 'SwiftShader';
  if (/llvmpipe/i.test(`${info.device} ${info.description}`)) return 'llvmpipe';
  // Browsers tell no device; where one is told it is the name of the card, or a number.
  const named = /^(0x)?[0-9a-f]*$/i.test(info.device) ? info.architecture : info.device;
  const name = named.replaceAll('-', ' ').trim();
  const { vendor } = info;
  return (name.toLowerCase().includes(vendor.toLowerCase()) ? name : `${vendor} ${name}`.trim()) || 'unknown adapter';
}

/** Finds an adapter and opens a device with the limits and features the kernels can use. */
export async function openDevice(options: WebGPUOptions): Promise<OpenDevice> {
  const gpu = await findGPU(options.gpu);
  held.add(gpu);
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' });
  if (adapter === null) {
    throw new DeviceError(
      'webgpu: no adapter was offered. Expected a graphics driver with Vulkan, Metal or Direct3D 12 ' +
        '(a software one will do). Install or enable one, or use the wasm device.',
    );
  }
  const { info } = adapter;
  const software = isSoftware(info);
  const name = adapterName(info);
  if (software && options.allowSoftware === false) {
    throw new DeviceError(
      `webgpu: the only adapter is ${name}, which computes on the CPU, and allowSoftware is false. ` +
        'Allow it, or use the wasm device, which is faster there.',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of WANTED_LIMITS) {
    const value = adapter.limits[limit];
    if (value !== undefined) requiredLimits[limit] = value;
  }
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ label: 'heddle', requiredLimits, requiredFeatures });
  } catch (error) {
    throw new DeviceError(`webgpu: ${name} gave no device: ${messageOf(error)}`, { cause: error });
  }
  const through = software ? 'software' : inNode() ? 'Dawn' : 'browser';
  return { device, info, description: `webgpu: ${name} (${through})`, software };
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const inNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined;

async function findGPU(given: GPU | undefined): Promise<GPU> {
  const found = given ?? (typeof navigator === 'undefined' ? undefined : (navigator as { gpu?: GPU }).gpu);
  if (found !== undefined) return found;
  if (inNode()) return (dawn ??= await loadDawn());
  throw new DeviceError(
    'webgpu: this browser has no navigator.gpu. WebGPU needs a recent browser and a secure context (https or ' +
      'localhost). Use the wasm device instead.',
  );
}

async function loadDawn(): Promise<GPU> {
  // A name that is no literal: bundlers for the browser must not follow it.
  const name = ['web', 'gpu'].join('');
  try {
    const module = (await import(/* @vite-ignore */ name)) as DawnModule;
    return module.create(DAWN_OPTIONS);
  } catch (error) {
    throw new DeviceError(
      `webgpu: Node has no WebGPU of its own, and the package "webgpu" (Dawn) did not load: ${messageOf(error)}. ` +
        'Run `npm install webgpu`, or use the wasm device.',
      { cause: error },
    );
  }
}
