// Sum and largest value over the threads of a line, in a tree; every thread gets the result. All 256 threads must call.

// @include lib/lines.wgsl

var<workgroup> partial: array<f32, 256>;

fn lineSum(place: Place, value: f32) -> f32 {
  partial[place.slot] = value;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (place.row < width) { partial[place.slot] += partial[place.slot + width]; }
    workgroupBarrier();
  }
  let result = partial[place.slot - place.row];
  workgroupBarrier();
  return result;
}

fn lineMax(place: Place, value: f32) -> f32 {
  partial[place.slot] = value;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (place.row < width) { partial[place.slot] = max(partial[place.slot], partial[place.slot + width]); }
    workgroupBarrier();
  }
  let result = partial[place.slot - place.row];
  workgroupBarrier();
  return result;
}
