// An operation of one's own: a WGSL kernel for WebGPU, one in JavaScript for the CPU, its gradient, and the checks.
import { checkOp, defineFunction, defineOp, device, dispatch, gradcheck, grid, randn, tensor, wgsl } from 'heddle';

const shader = wgsl(
  'squareplus',
  `
struct Params { total: u32, b: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < params.total) { output[i] = 0.5 * (x[i] + sqrt(x[i] * x[i] + params.b)); }
}`,
);

/** A smooth ReLU without exp (Barron 2021): (x + √(x² + b)) / 2. */
const squareplusOp = defineOp({
  name: 'squareplus',
  formula: '(x + √(x² + b)) / 2',
  inputs: ['x'],
  attrs: { b: 4 },
  shape: ({ x }) => x.shape,
  webgpu: ({ x, output }, { b }) => {
    const total = x.shape.reduce((n, size) => n * size, 1);
    return dispatch({ shader, bindings: { x, output }, uniforms: { total, b }, workgroups: grid(total, 64) });
  },
  wasm: ({ x, output }, { b }) => ({
    host: 'squareplus',
    operands: [x, output],
    call: (from, to) => {
      for (let i = 0; i < to.length; i++) to[i] = 0.5 * (from[i] + Math.sqrt(from[i] * from[i] + b));
    },
  }),
  saves: ['x'],
  // (1 + x / √(x² + b)) / 2, in operations that have gradients: second derivatives work
  grad: (dy, { x }, { attrs: { b } }) => ({ x: dy.mul(x.div(x.square().add(b).sqrt()).add(1).mul(0.5)) }),
  reference: ({ x }, { b }) => ({ shape: x.shape, data: x.data.map((v) => 0.5 * (v + Math.sqrt(v * v + b))) }),
  cases: [{ inputs: { x: [3, 5] } }, { inputs: { x: [2, 70] }, attrs: { b: 1 } }, { inputs: { x: [0] } }],
});
const squareplus = (x, b = 4) => squareplusOp({ x }, { b });

/** Rounds, and lets the gradient through as if it did not (a straight-through estimator). */
const roundThrough = defineFunction({
  name: 'roundThrough',
  inputs: ['x'],
  forward: ({ x }) => x.round(),
  backward: (dy) => ({ x: dy }),
});

console.log((await device('auto')).description);
console.log('checkOp:', await checkOp(squareplusOp));
const x = randn([4, 3], { seed: 1, requiresGrad: true });
console.log('gradcheck:', await gradcheck((t) => squareplus(t).square(), [x]));
console.log(await squareplus(tensor([-2, 0, 2])).show());

const y = tensor([0.4, 1.6], { requiresGrad: true });
roundThrough({ x: y }).sum().backward();
console.log(await y.grad.show());
