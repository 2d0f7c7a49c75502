/** Libraries written for pages look for WebGPU in `navigator`; in Node that is Dawn, as heddle has it. */
export async function ensureWebGPU(): Promise<void> {
  const found = globalThis.navigator as { gpu?: unknown } | undefined;
  if (found?.gpu !== undefined) return;
  if (typeof process === 'undefined') throw new Error('this browser has no WebGPU');
  const dawn = await import('webgpu');
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create(['enable-dawn-features=disable_workgroup_init']);
  // Node has a navigator of its own from version 21 on, which cannot be written to
  const value = { gpu, userAgent: 'Node', platform: 'Node', hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
}
