// output = x ∘ value for a number known on the host; x row-major.

// @include lib/index.wgsl
// @include lib/binary.wgsl

struct Params {
  total: u32,
  // The bits of the number, as T.
  value: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> output: array<R>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let first = linearGroup(group, groups) * 1024u + local;
  let value = bitcast<T>(params.value);
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 256u;
    if (i >= params.total) { return; }
    output[i] = combine(x[i], value);
  }
}
