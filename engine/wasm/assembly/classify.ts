/** 1 where a float is of a kind, else 0: 0 NaN, 1 infinite, 2 finite, 3 +infinity, 4 −infinity. */
export function classify(x: usize, output: usize, kind: i32, begin: i32, end: i32, _scratch: usize): void {
  for (let i = begin; i < end; i++) {
    const word = load<u32>(x + ((<usize>i) << 2));
    const size = word & 0x7fffffff;
    let holds = size > 0x7f800000;
    if (kind == 1) holds = size == 0x7f800000;
    else if (kind == 2) holds = size < 0x7f800000;
    else if (kind == 3) holds = word == 0x7f800000;
    else if (kind == 4) holds = word == 0xff800000;
    store<i32>(output + ((<usize>i) << 2), holds ? 1 : 0);
  }
}
