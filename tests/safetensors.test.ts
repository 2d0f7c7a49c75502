import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, FormatError, type HostTensor } from '../engine/index.ts';

const tensors: Record<string, HostTensor> = {
  'layer.weight': { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-38, 7) },
  scalar: { dtype: 'float32', shape: [], data: Float32Array.of(4) },
  empty: { dtype: 'int32', shape: [0, 5], data: new Int32Array(0) },
  ids: { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) },
};

describe('safetensors', () => {
  it('gives back what was written, and the text beside it', () => {
    const read = decodeSafetensors(encodeSafetensors(tensors, { note: '编码 “ok”' }));
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual({ note: '编码 “ok”' });
  });

  it('writes float16 in two bytes each, rounded, and reads the values as float32', () => {
    const data = Float32Array.of(1, 1 + 2 ** -11 + 2 ** -20, -7e4, 2 ** -24, 0.1);
    const half: HostTensor = { dtype: 'float16', shape: [5], data };
    const file = encodeSafetensors({ half, scalar: tensors['scalar']! });
    expect(file.length).toBe(
      encodeSafetensors({ half: { ...half, dtype: 'float32' }, scalar: tensors['scalar']! }).length - 10,
    );
    const read = decodeSafetensors(file).tensors;
    expect(Array.from(read['half']!.data)).toEqual([
      1,
      1 + 2 ** -10,
      Number.NEGATIVE_INFINITY,
      2 ** -24,
      1638 / 2 ** 14,
    ]);
    expect(read['half']!.dtype).toBe('float32');
    expect(read['scalar']).toEqual(tensors['scalar']);
  });

  it('reads a Node Buffer in the middle of a larger one, whose slice() shares memory and whose start is unaligned', () => {
    const file = encodeSafetensors(tensors);
    const around = Buffer.alloc(file.length + 7, 0xff);
    around.set(file, 3);
    const inside = around.subarray(3, 3 + file.length);
    expect(decodeSafetensors(inside).tensors).toEqual(tensors);
  });

  it('reads half precision as float32', () => {
    const header = JSON.stringify({
      f16: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
      bf16: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
    });
    const file = new Uint8Array(8 + header.length + 12);
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
    file.set(new TextEncoder().encode(header), 8);
    // 1, −2, the smallest subnormal, 65504; then 1 and −3.140625
    new Uint8Array(file.buffer, 8 + header.length).set([0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b, 0x80, 0x3f, 0x49, 0xc0]);
    const { f16, bf16 } = decodeSafetensors(file).tensors;
    expect(Array.from(f16!.data)).toEqual([1, -2, 2 ** -24, 65504]);
    expect(Array.from(bf16!.data)).toEqual([1, -3.140625]);
  });

  it('reads int64 as int32 where it fits', () => {
    const file = (values: readonly bigint[]): Uint8Array => {
      const header = JSON.stringify({
        n: { dtype: 'I64', shape: [values.length], data_offsets: [0, 8 * values.length] },
      });
      const bytes = new Uint8Array(8 + header.length + 8 * values.length);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
      bytes.set(new TextEncoder().encode(header), 8);
      bytes.set(new Uint8Array(BigInt64Array.from(values).buffer), 8 + header.length);
      return bytes;
    };
    const { n } = decodeSafetensors(file([3n, -7n])).tensors;
    expect(n).toEqual({ shape: [2], dtype: 'int32', data: Int32Array.of(3, -7) });
    expect(() => decodeSafetensors(file([2n ** 31n]))).toThrow(/n holds 2147483648, which is no int32/);
  });

  it('refuses every truncation, and says what is wrong and where', () => {
    const file = encodeSafetensors(tensors);
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length), 'model.safetensors')).toThrow(FormatError);
    }
    expect(() => decodeSafetensors(file.subarray(0, 5), 'model.safetensors')).toThrow(/^model\.safetensors: .*5 bytes/);
  });

  it('refuses offsets that do not fit the shape or leave the file', () => {
    const write = (entry: object): Uint8Array => {
      const header = JSON.stringify({ x: entry });
      const file = new Uint8Array(8 + header.length + 16);
      new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
      file.set(new TextEncoder().encode(header), 8);
      return file;
    };
    expect(() => decodeSafetensors(write({ dtype: 'F32', shape: [5], data_offsets: [0, 16] }))).toThrow(
      /16 bytes for F32/,
    );
    expect(() => decodeSafetensors(write({ dtype: 'F32', shape: [8], data_offsets: [0, 32] }))).toThrow(
      /ends at byte 32/,
    );
    expect(() => decodeSafetensors(write({ dtype: 'F64', shape: [2], data_offsets: [0, 16] }))).toThrow(/F64/);
    expect(() => decodeSafetensors(write({ dtype: 'F32', shape: [-1], data_offsets: [0, 4] }))).toThrow(/malformed/);
  });
});
