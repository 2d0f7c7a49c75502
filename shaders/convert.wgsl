// Each element as another type. float32 → int32 cuts towards zero; anything → bool is 1 where the element is not 0.

// @include lib/index.wgsl

alias From = f32; // @param
alias To = i32; // @param
const TO_BOOL: bool = false; // @param

struct Params {
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<From>;
@group(0) @binding(2) var<storage, read_write> output: array<To>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  output[i] = select(To(x[i]), To(x[i] != From(0)), TO_BOOL);
}
