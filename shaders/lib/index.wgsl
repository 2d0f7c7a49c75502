// Grids above 65,535 workgroups are folded into two dimensions (see grid() in engine/backend.ts): this unfolds them.
fn linearIndex(group: vec3<u32>, groups: vec3<u32>, local: u32, size: u32) -> u32 {
  return (group.y * groups.x + group.x) * size + local;
}

// The number of this workgroup, for kernels that give one workgroup to each row.
fn linearGroup(group: vec3<u32>, groups: vec3<u32>) -> u32 {
  return group.y * groups.x + group.x;
}
