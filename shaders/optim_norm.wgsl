// From sums of squares [count]: norm [1] = unscale · √Σ, and scale [1] = unscale · min(1, largest / (norm + 1e-6)), what
// gradients are to be multiplied by so that their norm is at most `largest`. One workgroup.

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  count: u32,
  largest: f32,
  unscale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> squares: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  var total = 0.0;
  for (var i = local; i < params.count; ) {
    let stop = min(params.count, i + 4096u);
    var part = 0.0;
    for (; i < stop; i += 256u) { part += squares[i]; }
    total += part;
  }
  total = params.unscale * sqrt(lineSum(row, slot, total));
  if (local == 0u) {
    norm[0] = total;
    scale[0] = params.unscale * min(1.0, params.largest / (total + 1e-6));
  }
}
