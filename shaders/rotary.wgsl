// Rotary positions (Su et al. 2021, eq. 15): x is [outer, n, inner], rows of `width` numbers one behind another, and n
// counts the positions. Each two neighbours (a, b) of a row at position p are turned by the angle whose cosine and sine
// stand at the same place of row start + p of the table: (a·cos − b·sin, a·sin + b·cos). side = −1 turns them back.
// One invocation for each two.

// @include lib/index.wgsl

struct Params {
  // Pairs in all, and in a row, and at a position.
  total: u32,
  width: u32,
  inner: u32,
  n: u32,
  start: u32,
  side: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> table: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec2<f32>>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let position = (i / params.inner) % params.n + params.start;
  let turn = table[position * params.width + i % params.width];
  let sine = turn.y * params.side;
  let pair = x[i];
  output[i] = vec2<f32>(pair.x * turn.x - pair.y * sine, pair.x * sine + pair.y * turn.x);
}
