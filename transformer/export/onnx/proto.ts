import { PbfWriter } from 'pbf';
import { ArgumentError } from '../../../engine/index.ts';

/**
 * An ONNX file: the part of the format that the graphs here use, as plain objects, and its bytes. Names and field
 * numbers are those of onnx.proto (github.com/onnx/onnx, IR version 8).
 */

/** Element types of tensors, by their number in the format. */
const ELEMENT = { float32: 1, int64: 7 } as const;
export type ElementType = keyof typeof ELEMENT;

/** A setting of a node. Whole numbers are written as INT; a FLOAT says so. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** One operation. Inputs and outputs are names of values. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly doc?: string;
}

/** A constant of the graph. Its values are asked for once, when they are written. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly values: () => Float32Array | BigInt64Array;
  readonly doc?: string;
}

/** An input or output of the graph; a dimension that is free has a name. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
  readonly doc: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly doc: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly producerVersion: string;
  /** Text beside the graph. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** LayerNormalization came with 17; readers of IR 8 know it. */
export const OPSET = 17;
const IR_VERSION = 8;

/** A protobuf message is at most 2 GiB − 1 byte long. */
const MOST_BYTES = 2 ** 31 - 1;

/** An encoded file, in parts that are made as they are asked for: weights are never copied together. */
export interface EncodedModel extends Iterable<Uint8Array> {
  readonly byteLength: number;
}

/**
 * The bytes of a model.
 *
 * @throws {ArgumentError} for one above 2 GiB, before anything is written
 */
export function encodeModel(model: OnnxModel): EncodedModel {
  const { graph } = model;
  const head = message(writeModelHead, model);
  const body = message(writeGraphBody, graph);
  const tensors = graph.initializers.map((tensor) => {
    const fields = message(writeTensorHead, tensor);
    const raw = lengthPrefix(9, tensor.byteLength);
    const whole = lengthPrefix(5, fields.length + raw.length + tensor.byteLength);
    return { tensor, front: [whole, fields, raw], byteLength: sum([whole, fields, raw]) + tensor.byteLength };
  });
  const graphBytes = tensors.reduce((n, { byteLength }) => n + byteLength, body.length);
  const front = lengthPrefix(7, graphBytes);
  const byteLength = head.length + front.length + graphBytes;
  if (byteLength > MOST_BYTES) {
    throw new ArgumentError(
      `ONNX: the file of ${graph.name} would have ${(byteLength / 2 ** 30).toFixed(2)} GiB, and the format takes less ` +
        'than 2. Export to PyTorch, or train a smaller model.',
    );
  }
  function* parts(): Generator<Uint8Array, void> {
    yield* [head, front, body];
    for (const { tensor, front } of tensors) {
      yield* front;
      const { buffer, byteOffset, byteLength } = tensor.values();
      if (byteLength !== tensor.byteLength) {
        throw new ArgumentError(`ONNX: ${tensor.name} has ${byteLength} bytes, expected ${tensor.byteLength}.`);
      }
      yield new Uint8Array(buffer, byteOffset, byteLength);
    }
  }
  return { byteLength, [Symbol.iterator]: parts };
}

/** A whole file in memory. */
export function joinParts(model: EncodedModel): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(model.byteLength);
  let at = 0;
  for (const part of model) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

const sum = (parts: readonly Uint8Array[]): number => parts.reduce((n, part) => n + part.length, 0);

function message<T>(write: (value: T, w: PbfWriter) => void, value: T): Uint8Array {
  const writer = new PbfWriter();
  write(value, writer);
  return writer.finish();
}

/** What stands before `length` bytes that are field `tag`. */
const lengthPrefix = (tag: number, length: number): Uint8Array =>
  message((n, w) => {
    w.writeTag(tag, 2);
    w.writeVarint(n);
  }, length);

/** ModelProto without its graph. */
function writeModelHead({ graph, producerVersion, metadata }: OnnxModel, w: PbfWriter): void {
  w.writeVarintField(1, IR_VERSION);
  w.writeStringField(2, 'heddle');
  w.writeStringField(3, producerVersion);
  w.writeStringField(6, graph.doc);
  w.writeMessage(8, (version, opset) => opset.writeVarintField(2, version), OPSET);
  for (const entry of Object.entries(metadata)) {
    w.writeMessage(
      14,
      ([key, value], property) => {
        property.writeStringField(1, key);
        property.writeStringField(2, value);
      },
      entry,
    );
  }
}

/** GraphProto without its initializers. */
function writeGraphBody({ name, doc, nodes, inputs, outputs }: OnnxGraph, w: PbfWriter): void {
  for (const node of nodes) w.writeMessage(1, writeNode, node);
  w.writeStringField(2, name);
  w.writeStringField(10, doc);
  for (const input of inputs) w.writeMessage(11, writeValueInfo, input);
  for (const output of outputs) w.writeMessage(12, writeValueInfo, output);
}

function writeNode({ op, name, inputs, outputs, attributes, doc }: OnnxNode, w: PbfWriter): void {
  for (const input of inputs) w.writeStringField(1, input);
  for (const output of outputs) w.writeStringField(2, output);
  w.writeStringField(3, name);
  w.writeStringField(4, op);
  for (const attribute of Object.entries(attributes)) w.writeMessage(5, writeAttribute, attribute);
  if (doc !== undefined) w.writeStringField(6, doc);
}

/** AttributeProto; `type` says which of the value fields counts. */
function writeAttribute([name, value]: [string, Attribute], w: PbfWriter): void {
  w.writeStringField(1, name);
  if (typeof value === 'number') {
    w.writeVarintField(3, value);
    w.writeVarintField(20, 2);
  } else if ('float' in value) {
    w.writeFloatField(2, value.float);
    w.writeVarintField(20, 1);
  } else {
    for (const v of value) w.writeVarintField(8, v);
    w.writeVarintField(20, 7);
  }
}

/** TensorProto without its values. */
function writeTensorHead({ name, type, shape, doc }: Initializer, w: PbfWriter): void {
  for (const size of shape) w.writeVarintField(1, size);
  w.writeVarintField(2, ELEMENT[type]);
  w.writeStringField(8, name);
  if (doc !== undefined) w.writeStringField(12, doc);
}

function writeValueInfo({ name, type, shape, doc }: ValueInfo, w: PbfWriter): void {
  w.writeStringField(1, name);
  w.writeMessage(2, writeTensorType, { type, shape });
  w.writeStringField(3, doc);
}

/** TypeProto { tensor_type { elem_type, shape { dim { dim_value or dim_param } } } } */
function writeTensorType({ type, shape }: Pick<ValueInfo, 'type' | 'shape'>, w: PbfWriter): void {
  w.writeMessage(
    1,
    (_, tensor) => {
      tensor.writeVarintField(1, ELEMENT[type]);
      tensor.writeMessage(
        2,
        (_none, dims) => {
          for (const size of shape) dims.writeMessage(1, writeDimension, size);
        },
        null,
      );
    },
    null,
  );
}

function writeDimension(size: number | string, w: PbfWriter): void {
  if (typeof size === 'number') w.writeVarintField(1, size);
  else w.writeStringField(2, size);
}
