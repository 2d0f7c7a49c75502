// Sum and largest value over the threads of a line, in a tree; every thread gets the result. All 256 threads must call.

// @include lib/lines.wgsl

var<workgroup> partial: array<f32, 256>;

fn lineSum(row: u32, slot: u32, value: f32) -> f32 {
  partial[slot] = value;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (row < width) { partial[slot] += partial[slot + width]; }
    workgroupBarrier();
  }
  let result = partial[slot - row];
  workgroupBarrier();
  return result;
}

fn lineMax(row: u32, slot: u32, value: f32) -> f32 {
  partial[slot] = value;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (row < width) { partial[slot] = max(partial[slot], partial[slot + width]); }
    workgroupBarrier();
  }
  let result = partial[slot - row];
  workgroupBarrier();
  return result;
}
