// Gradients of the weight and the bias of a layer normalisation, over the rows of x and dy [rows, n]:
//
//   output[p, 0] = Σ dy · (x - mean) · rstd,  output[p, 1] = Σ dy     over rows p·span to (p + 1)·span
//
// Where `centered` is 0, of root mean square normalisation: 0 for mean, and no output[p, 1].
//
// output: [parts, 2, n], or [parts, 1, n]; a second dispatch adds up the parts. ROWS threads share a column, COLS columns lie beside one
// another in a workgroup, so that consecutive threads read consecutive elements.

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  rows: u32,
  n: u32,
  centered: u32,
  parts: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let n = params.n;
  let part = line / n;
  let column = line % n;
  let inside = part < params.parts;
  let first = part * params.span;
  let end = select(0u, min(params.rows, first + params.span), inside);

  var weightSum = 0.0;
  var biasSum = 0.0;
  for (var r = first + row; r < end; ) {
    let stop = min(end, r + 16u * ROWS);
    var weightChunk = 0.0;
    var biasChunk = 0.0;
    for (; r < stop; r += ROWS) {
      let d = dy[r * n + column];
      var h = x[r * n + column];
      if (params.centered != 0u) { h -= mean[r]; }
      weightChunk += d * h * rstd[r];
      biasChunk += d;
    }
    weightSum += weightChunk;
    biasSum += biasChunk;
  }
  let weightTotal = lineSum(row, slot, weightSum);
  let rows = 1u + params.centered;
  if (row == 0u && inside) { output[rows * part * n + column] = weightTotal; }
  if (params.centered != 0u) {
    let biasTotal = lineSum(row, slot, biasSum);
    if (row == 0u && inside) { output[(rows * part + 1u) * n + column] = biasTotal; }
  }
}
