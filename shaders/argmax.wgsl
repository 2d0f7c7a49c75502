// Where the largest (or smallest) element lies along the middle of x [outer, n, inner]; the first of equal ones.
//
// output: [outer, inner], i32

// @include lib/index.wgsl
// @include lib/lines.wgsl

alias Element = f32; // @param
const SMALLEST: u32 = 0u; // @param

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<i32>;

// The best of each thread, and where it lies; n where the thread has seen none.
var<workgroup> values: array<Element, 256>;
var<workgroup> places: array<u32, 256>;

fn better(a: Element, b: Element) -> bool {
  if (SMALLEST == 1u) { return a < b; }
  return a > b;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let place = placeOf(linearGroup(group, groups), local);
  let n = params.n;
  let inner = params.inner;
  let end = select(0u, n, place.line < params.lines);
  let base = (place.line / inner) * n * inner + place.line % inner;

  var best = Element(0);
  var at = n;
  for (var i = place.row; i < end; i += ROWS) {
    let v = x[base + i * inner];
    if (at == n || better(v, best)) {
      best = v;
      at = i;
    }
  }
  let slot = place.slot;
  values[slot] = best;
  places[slot] = at;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (place.row < width) {
      let other = places[slot + width];
      let v = values[slot + width];
      if (other < n && (at == n || better(v, best) || (v == best && other < at))) {
        best = v;
        at = other;
        values[slot] = v;
        places[slot] = other;
      }
    }
    workgroupBarrier();
  }
  if (place.row == 0u && place.line < params.lines) { output[place.line] = i32(at); }
}
