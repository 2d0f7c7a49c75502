// The steps of a bitonic sort (Batcher 1968) that stay within 1,024 pairs, in workgroup memory: for run lengths `first` to
// `last`, the exchanges over at most 512 places. Pairs are ordered by key, then by place, so no two are alike and the
// result is that of a stable sort. Lines of `padded` pairs follow one another; the runs of each begin at its beginning.

// @include lib/index.wgsl

struct Params {
  total: u32,
  padded: u32,
  first: u32,
  last: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>;

var<workgroup> key: array<u32, 1024>;
var<workgroup> place: array<u32, 1024>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let base = linearGroup(group, groups) * 1024u;
  for (var i = local; i < 1024u; i += 256u) {
    var k = 0xffffffffu;
    var p = 0xffffffffu;
    if (base + i < params.total) {
      k = keys[base + i];
      p = places[base + i];
    }
    key[i] = k;
    place[i] = p;
  }
  workgroupBarrier();
  for (var run = params.first; run <= params.last; run *= 2u) {
    for (var step = min(run / 2u, 512u); step > 0u; step /= 2u) {
      for (var pair = local; pair < 512u; pair += 256u) {
        let a = 2u * pair - (pair & (step - 1u));
        let b = a + step;
        let falling = (((base + a) % params.padded) & run) != 0u;
        let swapped = key[b] < key[a] || (key[b] == key[a] && place[b] < place[a]);
        if (swapped != falling) {
          let k = key[a];
          let p = place[a];
          key[a] = key[b];
          place[a] = place[b];
          key[b] = k;
          place[b] = p;
        }
      }
      workgroupBarrier();
    }
  }
  for (var i = local; i < 1024u; i += 256u) {
    if (base + i < params.total) {
      keys[base + i] = key[i];
      places[base + i] = place[i];
    }
  }
}
