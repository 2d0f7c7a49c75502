// y = x * factor + offset, with offset of four: one scalar, one vector and one array among the uniforms.
// @include lib/grid.wgsl

const WORKGROUP: u32 = 64u; // @param
alias Element = f32; // @param

struct Params {
  length: u32,
  factor: f32,
  bias: vec2<i32>,
  strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let index = clampIndex(id.x, params.length) + params.strides[0].x;
  y[index] = x[index] * Element(params.factor) + Element(params.bias.x);
}
