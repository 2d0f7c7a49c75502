/** The first address behind the kernels' own constants: all from here on is the host's to hand out. */
export function heapBase(): usize {
  return __heap_base;
}
