/** Operations of a user's own: kernels in WGSL and JavaScript, composites, custom gradients, and the checks that find mistakes. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  checkOp,
  type Device,
  DeviceError,
  defineComposite,
  defineFunction,
  defineOp,
  dispatch,
  GradientError,
  gradcheck,
  gradients,
  grid,
  HeddleError,
  Linear,
  matmul,
  mul,
  openDevice,
  randn,
  relu,
  sigmoid,
  type Tensor,
  tensor,
  trace,
  wgsl,
} from '../engine/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const shader = wgsl(
  'my_swish',
  `
  struct Params { beta: f32, total: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> x: array<f32>;
  @group(0) @binding(2) var<storage, read_write> output: array<f32>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.total) { return; }
    output[id.x] = x[id.x] / (1.0 + exp(-params.beta * x[id.x]));
  }`,
);

const swishOf = (name: string, slope: number) =>
  defineOp({
    name,
    formula: 'x · σ(βx)',
    inputs: ['x'],
    attrs: { beta: 1 },
    shape: ({ x }) => x.shape,
    webgpu: ({ x, output }, { beta }) => {
      const total = x.shape.reduce((a, b) => a * b, 1);
      return dispatch({ shader, bindings: { x, output }, uniforms: { beta, total }, workgroups: grid(total, 64) });
    },
    wasm: ({ x, output }, { beta }) => ({
      host: name,
      operands: [x, output],
      call: (from: Float32Array, to: Float32Array) => {
        for (let i = 0; i < to.length; i++) to[i] = from[i]! / (1 + Math.exp(-beta * from[i]!));
      },
    }),
    saves: ['x'],
    grad: (dy, { x }, { attrs: { beta } }) => {
      const s = sigmoid(mul(x, beta));
      return {
        x: mul(
          mul(dy, s),
          mul(x, beta * slope)
            .mul(s.mul(-1).add(1))
            .add(1),
        ),
      };
    },
    reference: ({ x }, { beta }) => ({ shape: x.shape, data: x.data.map((v) => v / (1 + Math.exp(-beta * v))) }),
    cases: [{ inputs: { x: [3, 5] } }, { inputs: { x: [70] }, attrs: { beta: 2 } }, { inputs: { x: [0] } }],
  });

describe('defineOp', () => {
  it('a kernel for each device, held against the reference with its gradient', async () => {
    expect(await checkOp(swishOf('swishOwn', 1), { devices: backends })).toBe(true);
  });

  it('the reference stands in for a wasm kernel', async () => {
    const twice = defineOp({
      name: 'twiceReference',
      formula: '2x',
      inputs: ['x'],
      attrs: {},
      shape: ({ x }) => x.shape,
      grad: (dy) => ({ x: dy.mul(2) }),
      reference: ({ x }) => ({ shape: x.shape, data: x.data.map((v) => 2 * v) }),
      cases: [{ inputs: { x: [3, 4] } }],
    });
    expect(await checkOp(twice)).toBe(true);
    expect(await checkOp(twice, { devices: [backends[0]!] })).toBe(true);
    await expect(checkOp(twice, { devices: [backends[1]!] })).rejects.toThrow(/no kernel for webgpu/);
  });

  it('a wrong gradient is found, and so is a wrong kernel', async () => {
    await expect(checkOp(swishOf('swishWrong', 2))).rejects.toThrow(GradientError);
    const wrong = defineOp({
      name: 'twiceWrong',
      formula: '2x',
      inputs: ['x'],
      attrs: {},
      shape: ({ x }) => x.shape,
      wasm: ({ x, output }) => ({
        host: 'twice',
        operands: [x, output],
        call: (from: Float32Array, to: Float32Array) => to.set(from),
      }),
      reference: ({ x }) => ({ shape: x.shape, data: x.data.map((v) => 2 * v) }),
      cases: [{ inputs: { x: [4] } }],
    });
    await expect(checkOp(wrong)).rejects.toThrow(HeddleError);
    const webgpu = backends.find(({ name }) => name === 'webgpu')!;
    expect(() => wrong({ x: tensor([1], { device: webgpu }) })).toThrow(DeviceError);
  });

  it('appears in a trace like any other', () => {
    using t = trace();
    swishOf('swishTraced', 1)({ x: randn([4], { seed: 1 }) });
    expect(t.records.map(({ path, kernels }) => [path, kernels])).toEqual([['swishTraced', ['swishTraced']]]);
  });
});

describe('wgsl', () => {
  it('reads bindings, uniforms and parameters from the text', () => {
    const { bindings, uniforms, params, entryPoint } = wgsl(
      'layout',
      `const TILE: u32 = 8u; // @param
      struct P { a: u32, /* a comment, with a comma */ v: vec3<f32>, b: i32, w: vec2u }
      @group(0) @binding(3) var<uniform> p: P;
      @group(0) @binding(0) var<storage> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(TILE, 1) fn go() {}`,
    );
    expect(entryPoint).toBe('go');
    expect(params).toEqual({ TILE: '8u' });
    expect(bindings).toEqual([
      { name: 'x', binding: 0, access: 'read' },
      { name: 'y', binding: 1, access: 'read_write' },
    ]);
    expect(uniforms!.fields.map(({ name, kind, offset, count }) => [name, kind, offset, count])).toEqual([
      ['a', 'u32', 0, 1],
      ['v', 'f32', 16, 3],
      ['b', 'i32', 28, 1],
      ['w', 'u32', 32, 2],
    ]);
    expect([uniforms!.bytes, uniforms!.binding]).toEqual([48, 3]);
  });

  it.each([
    ['no entry point', '@group(0) @binding(0) var<storage> x: array<f32>;'],
    ['another group', '@group(1) @binding(0) var<storage> x: array<f32>; @compute @workgroup_size(1) fn main() {}'],
    ['no buffer', '@compute @workgroup_size(1) fn main() {}'],
    [
      'a matrix in the struct',
      'struct P { m: mat4x4<f32> } @group(0) @binding(0) var<uniform> p: P; @group(0) @binding(1) var<storage> x: array<f32>; @compute @workgroup_size(1) fn main() {}',
    ],
  ])('refuses %s', (_name, source) => {
    expect(() => wgsl('bad', source)).toThrow(ArgumentError);
  });
});

describe('defineComposite', () => {
  it('takes its gradient from the operations inside', async () => {
    const squaredRelu = defineComposite({
      name: 'squaredReluOwn',
      formula: 'max(x, 0)²',
      inputs: ['x'],
      attrs: {},
      compute: ({ x }) => relu(x).square(),
      reference: ({ x }) => ({ shape: x.shape, data: x.data.map((v) => Math.max(v, 0) ** 2) }),
      cases: [{ inputs: { x: [3, 4] } }],
    });
    expect(await checkOp(squaredRelu, { devices: backends })).toBe(true);
  });
});

describe('defineFunction', () => {
  const cube = defineFunction({
    name: 'cube',
    inputs: ['x'],
    forward: ({ x }, _attrs, save) => {
      save({ x });
      return x.mul(x).mul(x);
    },
    backward: (dy, { x }) => ({ x: dy.mul(x!.square()).mul(3) }),
  });

  it('has the gradient that was written, and a second one where that is made of operations', async () => {
    for (const device of backends) {
      const x = tensor([1, 2, -3], { device, requiresGrad: true });
      expect(await gradcheck((t) => cube({ x: t }), [x])).toBe(true);
      const [first] = gradients(cube({ x }).sum(), [x], { createGraph: true });
      const [second] = gradients(first!.sum(), [x]);
      expect([...(await second!.data())]).toEqual([6, 12, -18]);
    }
  });

  it('may return its input, and pass on what it likes: a straight-through estimator', async () => {
    const rounded = defineFunction({
      name: 'roundThrough',
      inputs: ['x'],
      forward: ({ x }) => x.round(),
      backward: (dy) => ({ x: dy }),
    });
    const same = defineFunction({
      name: 'reversed',
      inputs: ['x'],
      forward: ({ x }) => x,
      backward: (dy) => ({ x: dy.mul(-1) }),
    });
    const x = tensor([0.4, 1.6], { requiresGrad: true });
    const y = same({ x: rounded({ x }) });
    y.sum().backward();
    expect([...(await y.data()), ...(await x.grad!.data())]).toEqual([0, 2, -1, -1]);
  });

  it('leaves no tensor behind', () => {
    const device = backends[0]!;
    const x = tensor([1, 2], { device, requiresGrad: true });
    const before = device.memory().liveBuffers;
    const y = cube({ x });
    y.sum().dispose();
    y.dispose();
    expect(device.memory().liveBuffers).toBe(before);
    x.dispose();
  });
});

describe('to another device', () => {
  it('moves a leaf, keeps dtype and layout, and says what cannot move', async () => {
    const [wasm, webgpu] = backends as [Device, Device];
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device: wasm, dtype: 'int32' },
    ).transpose();
    const there = await x.to(webgpu);
    expect([there.device, there.dtype, await there.tolist()]).toEqual([
      webgpu,
      'int32',
      [
        [1, 3],
        [2, 4],
      ],
    ]);
    const leaf = tensor([1], { device: wasm, requiresGrad: true });
    expect((await leaf.to(webgpu)).requiresGrad).toBe(true);
    await expect(leaf.mul(2).to(webgpu)).rejects.toThrow(/from wasm to webgpu/);
    expect(() => matmul(randn([1, 1], { device: wasm }), randn([1, 1], { device: webgpu }))).toThrow(
      /await x\.to\(device\)/,
    );
  });

  it('moves a module in place, flattened or not', async () => {
    const [wasm, webgpu] = backends as [Device, Device];
    for (const flat of [false, true]) {
      const model = new Linear(3, 2, { device: wasm, seed: 4 } as never);
      if (flat) model.flattenParameters();
      const { weight } = model;
      const x = randn([4, 3], { device: wasm, seed: 5 });
      const want = await model.forward(x).data();
      expect(await model.to(webgpu)).toBe(model);
      expect([model.weight, model.device]).toEqual([weight, webgpu]);
      const y = model.forward(await x.to(webgpu));
      y.sum().backward();
      expect(weight.grad!.device).toBe(webgpu);
      const got: Tensor = await y.to(wasm).catch(() => y.detach().to(wasm));
      for (const [i, v] of (await got.data()).entries()) expect(v).toBeCloseTo(want[i]!, 5);
    }
  });

  it('the same object on another device of the same kind', async () => {
    const other = await openDevice('wasm', { threads: 1 });
    const x = await tensor([1, 2], { device: backends[0]! }).to(other);
    expect([x.device, await x.tolist()]).toEqual([other, [1, 2]]);
    other.destroy();
  });
});
