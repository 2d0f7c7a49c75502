import { FormatError, show } from '../errors.ts';
import { fromHalf, toHalf } from '../half.ts';
import type { HostTensor } from '../nn/module.ts';
import { sizeOf } from '../shape.ts';

/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header `{ name: { dtype, shape,
 * data_offsets } }`, then the values. Source: github.com/huggingface/safetensors, README "Format".
 */

const TYPES = { float32: 'F32', float16: 'F16', int32: 'I32' } as const;

/** Largest header a reader accepts, as the reference implementation has it. */
const MAX_HEADER = 100_000_000;

/** What a safetensors file holds: tensors by name, and text the writer left. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file with these tensors, in the order given; float16 is rounded to the nearest. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let at = 0;
  const stored = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const values = dtype === 'float16' ? Uint16Array.from(data, toHalf) : data;
    header[name] = { dtype: TYPES[dtype], shape, data_offsets: [at, (at += values.byteLength)] };
    return values;
  });
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes).set(json, 8);
  let offset = 8 + headerBytes;
  for (const { buffer, byteOffset, byteLength } of stored) {
    file.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return file;
}

/**
 * Reads a file with F32 and I32 tensors, F16 and BF16 as float32, and I64 as int32 where the numbers fit. Every offset is
 * checked.
 *
 * @throws {FormatError} where the file is cut off or no safetensors file; `source` names it in the message
 */
export function decodeSafetensors(file: Uint8Array, source = 'safetensors'): SafetensorsFile {
  const fail = (why: string): never => {
    throw new FormatError(`${source}: not a whole safetensors file: ${why}.`);
  };
  if (file.length < 8) fail(`${file.length} bytes, expected at least 8`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER || 8 + headerBytes > file.length) {
    fail(`it announces a header of ${headerBytes} bytes and has ${file.length} in all`);
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + headerBytes)));
  } catch {
    return fail('its header is no JSON');
  }
  if (typeof header !== 'object' || header === null) fail('its header is no JSON object');
  // a plain view: slice() of Node's Buffer would not copy, and the parts must be aligned
  const values = new Uint8Array(file.buffer, file.byteOffset + 8 + headerBytes, file.byteLength - 8 - headerBytes);
  const tensors: Record<string, HostTensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    tensors[name] = decodeTensor(name, entry, values, fail);
  }
  return { tensors, metadata: (header['__metadata__'] ?? {}) as Record<string, string> };
}

function decodeTensor(name: string, entry: unknown, values: Uint8Array, fail: (why: string) => never): HostTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isSizes = (v: unknown): v is number[] => Array.isArray(v) && v.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) return fail(`the entry of ${name} is malformed`);
  const [begin = 0, end = 0] = offsets;
  const width = dtype === 'I64' ? 8 : dtype === 'F16' || dtype === 'BF16' ? 2 : 4;
  if (end > values.length) return fail(`${name} ends at byte ${end} of ${values.length}`);
  if (end - begin !== sizeOf(shape) * width)
    return fail(`${name} has ${end - begin} bytes for ${String(dtype)} ${show(shape)}`);
  const bytes = values.slice(begin, end).buffer;
  switch (dtype) {
    case 'F32':
      return { shape, dtype: 'float32', data: new Float32Array(bytes) };
    case 'I32':
      return { shape, dtype: 'int32', data: new Int32Array(bytes) };
    case 'I64':
      return {
        shape,
        dtype: 'int32',
        data: Int32Array.from(new BigInt64Array(bytes), (v) => {
          const n = Number(v);
          return n === (n | 0) ? n : fail(`${name} holds ${v}, which is no int32`);
        }),
      };
    case 'F16':
      return { shape, dtype: 'float32', data: Float32Array.from(new Uint16Array(bytes), fromHalf) };
    case 'BF16':
      return {
        shape,
        dtype: 'float32',
        data: new Float32Array(Uint32Array.from(new Uint16Array(bytes), (h) => h << 16).buffer),
      };
    default:
      return fail(`${name} has dtype ${String(dtype)}; F32, I32, I64, F16 and BF16 are read`);
  }
}
