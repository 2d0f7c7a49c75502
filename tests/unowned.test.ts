/** Programs without scopes, as PyTorch's are written: what was dropped is freed while they run, and they are told once. */
import { afterEach, expect, it, vi } from 'vitest';
import {
  type Device,
  type DeviceOptions,
  leakReport,
  OutOfMemoryError,
  openDevice,
  randn,
  type Tensor,
  tensor,
} from '../engine/index.ts';

const MB = 2 ** 20;
const opened: Device[] = [];
const open = async (options: DeviceOptions = {}): Promise<Device> => {
  const device = await openDevice('wasm', { threads: 1, ...options });
  opened.push(device);
  return device;
};
afterEach(() => {
  vi.restoreAllMocks();
  for (const device of opened.splice(0)) device.destroy();
});

it('a training loop without scope() stays flat, and is not warned', async () => {
  const device = await open();
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const weight = randn([2 ** 18], { device, requiresGrad: true });
  const x = randn([2 ** 18], { device });
  const start = device.memory().liveBytes;
  let peak = 0;
  const steps = 1000;
  for (let i = 0; i < steps; i++) {
    // two handles of 1 MB that nobody disposes
    const loss = weight.mul(x).relu().mean();
    weight.grad?.dispose();
    weight.grad = null;
    loss.backward();
    await loss.item();
    peak = Math.max(peak, device.memory().liveBytes - start);
  }
  expect(peak).toBeLessThan(600 * MB);
  const found = new Map(leakReport().map(({ label, count, bytes }) => [label, { count, bytes }]));
  const products = found.get('tensor [262144] float32 of mul');
  expect(products?.count).toBeGreaterThan(steps / 2);
  expect(products?.bytes).toBe(products!.count * MB);
  expect(warn).not.toHaveBeenCalled();
}, 60_000);

it('where more and more tensors are kept, one warning names scope and the place', async () => {
  const device = await open();
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const base = randn([2 ** 16], { device });
  const kept: Tensor[] = [];
  for (let i = 0; i < 20_000; i++) {
    kept.push(base.reshape([2 ** 8, 2 ** 8]));
    if (i % 100 === 0) await kept.at(-1)!.at(0, 0).item();
  }
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]![0]).toMatch(/scope\(\(\) => …\)[\s\S]*unowned\.test\.ts:\d+/);
  for (const t of kept) t.dispose();
}, 60_000);

it('where a device has little memory, what was dropped is freed before an allocation fails', async () => {
  const device = await open({ maxBytes: 32 * MB });
  const x = randn([2 ** 18], { device });
  for (let i = 0; i < 300; i++) await x.relu().sum().item();
});

it('an allocation that fails says how much no scope owns', async () => {
  const device = await open({ maxBytes: 32 * MB });
  const one = tensor([1], { device });
  const kept = Array.from({ length: 1500 }, () => one.reshape([1, 1]));
  const failing = () => one.expand([2 ** 24]).contiguous();
  expect(failing).toThrow(OutOfMemoryError);
  expect(failing).toThrow(/ \d{4} tensors that no scope owns hold \d+ MB: put each step into scope/);
  for (const t of kept) t.dispose();
});
