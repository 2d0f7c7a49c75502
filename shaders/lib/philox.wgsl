// Philox 4x32-10, a counter-based random number generator: word n of a stream is a pure function of (seed, stream, n).
// engine/random.ts computes the same words. Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".

// @include lib/wide.wgsl

// The four words of one block. Multipliers and the steps of the key are the paper's.
fn philox(start: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
  var c = start;
  var key = seed;
  for (var round = 0u; round < 10u; round++) {
    c = vec4<u32>(
      mulHigh(0xcd9e8d57u, c.z) ^ c.y ^ key.x,
      0xcd9e8d57u * c.z,
      mulHigh(0xd2511f53u, c.x) ^ c.w ^ key.y,
      0xd2511f53u * c.x
    );
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// Four random words: those of elements 4·quad to 4·quad + 3.
fn randomBlock(quad: u32, stream: u32, seed: vec2<u32>) -> vec4<u32> {
  return philox(vec4<u32>(quad, 0u, stream, 0u), seed);
}

// The random word of element i.
fn randomWord(i: u32, stream: u32, seed: vec2<u32>) -> u32 {
  return randomBlock(i / 4u, stream, seed)[i % 4u];
}

// A word as a number in [0, 1), on a grid of 2^-24: every value is exact in f32.
fn uniformOf(word: u32) -> f32 {
  return f32(word >> 8u) * 5.9604644775390625e-8;
}

// A number in [0, 1) for element i.
fn randomUniform(i: u32, stream: u32, seed: vec2<u32>) -> f32 {
  return uniformOf(randomWord(i, stream, seed));
}
