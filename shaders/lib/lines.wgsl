// For kernels that work along the middle of [outer, n, inner]: a workgroup of 256 threads takes COLS lines that follow
// one another, with ROWS threads for each. Consecutive threads read consecutive elements: along the line where inner is
// 1 (ALONG), across lines elsewhere. Each shader works out where a thread stands:
//
//   row     its place among the threads of its line
//   line    the number of the line
//   slot    its own word of workgroup memory; the words of a line follow one another
//
// (In place, not in a function: the race detector of wgsl_reflect loses values that functions return.)

const ROWS: u32 = 256u; // @param
const COLS: u32 = 1u; // @param
const ALONG: u32 = 1u; // @param
