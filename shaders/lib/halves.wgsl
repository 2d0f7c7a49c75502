// Half number i of its word, as a float: exact, and so is the product of two. unpack2x16float needs no device feature.
fn halfIn(word: u32, i: u32) -> f32 {
  return unpack2x16float(word >> (16u * (i % 2u))).x;
}
