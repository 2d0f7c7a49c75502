/// The index, or the last valid one for invocations past the end.
fn clampIndex(index: u32, length: u32) -> u32 {
  return min(index, length - 1u);
}
