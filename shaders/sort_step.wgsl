// One step of a bitonic sort over more places than a workgroup holds: every pair `step` apart is put in order, rising or
// falling as its run of `run` pairs asks. See sort_block.

// @include lib/index.wgsl

struct Params {
  total: u32,
  padded: u32,
  run: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let pair = linearIndex(group, groups, local, 256u);
  if (2u * pair >= params.total) { return; }
  let a = 2u * pair - (pair & (params.step - 1u));
  let b = a + params.step;
  let falling = ((a % params.padded) & params.run) != 0u;
  let keyA = keys[a];
  let keyB = keys[b];
  let placeA = places[a];
  let placeB = places[b];
  let swapped = keyB < keyA || (keyB == keyA && placeB < placeA);
  if (swapped != falling) {
    keys[a] = keyB;
    keys[b] = keyA;
    places[a] = placeB;
    places[b] = placeA;
  }
}
