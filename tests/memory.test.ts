import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, DisposedError, leakReport, randn, scope, type Tensor, tensor } from '../engine/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

describe('scope', () => {
  it('frees what was not kept, and keeps what was', async () => {
    for (const device of backends) {
      const before = device.memory().liveBuffers;
      let kept: Tensor;
      {
        using s = scope();
        const x = randn([10], { device });
        kept = s.keep(x.add(1));
        x.mul(2);
      }
      expect(device.memory().liveBuffers).toBe(before + 1);
      expect((await kept.data()).length).toBe(10);
      kept.dispose();
      expect(device.memory().liveBuffers).toBe(before);
    }
  });

  it('hands results out through nested scopes, in arrays and records', () => {
    const [device] = backends;
    const before = device!.memory().liveBuffers;
    using outer = scope();
    const { a, list } = scope(() => {
      const inner = scope(() => tensor([1], { device: device! }));
      return { a: inner, list: [tensor([2], { device: device! }), tensor([3], { device: device! })] };
    });
    expect(a.disposed || list[0]!.disposed).toBe(false);
    expect(device!.memory().liveBuffers).toBe(before + 3);
    outer.dispose();
    expect(device!.memory().liveBuffers).toBe(before);
  });

  it('frees when the body throws', () => {
    const [device] = backends;
    const before = device!.memory().liveBuffers;
    expect(() =>
      scope(() => {
        randn([4], { device: device! });
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(device!.memory().liveBuffers).toBe(before);
  });

  it('lets a view outlive its base, and names a tensor used too late', async () => {
    const [device] = backends;
    const base = tensor([1, 2, 3, 4], { device: device! });
    const view = base.slice(0, 1, 3);
    base.dispose();
    expect(Array.from(await view.data())).toEqual([2, 3]);
    expect(() => base.add(1)).toThrow(DisposedError);
    expect(() => base.add(1)).toThrow(/\[4\] float32/);
    view.dispose();
  });
});

describe('the leak report', () => {
  it('names a tensor that was dropped without dispose, and gives its memory back', async () => {
    const [device] = backends;
    const gc = (globalThis as { gc?: () => void }).gc;
    expect(gc, 'run Node with --expose-gc').toBeTypeOf('function');
    const before = device!.memory().liveBuffers;
    (() => void randn([12345], { device: device! }))();
    for (let i = 0; i < 20 && leakReport().length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc!();
    }
    expect(leakReport().map((l) => l.label)).toContain('tensor [12345] float32');
    expect(device!.memory().liveBuffers).toBe(before);
  });
});
