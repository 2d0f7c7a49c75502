import * as ort from 'onnxruntime-web';
import { PbfReader } from 'pbf';
import { ONNX_FILES } from '../../transformer/export/onnx/folder.ts';
import { type EncodedModel, joinParts } from '../../transformer/export/onnx/proto.ts';
import { BOS, EOS } from '../../transformer/text/tokenizer/index.ts';

ort.env.wasm.numThreads = 1;

type Rows = readonly (readonly number[])[];

/** int64 [rows, longest], with `padId` behind shorter rows. */
export function idsTensor(rows: Rows, padId: number): ort.Tensor {
  const width = rows.reduce((n, row) => Math.max(n, row.length), 0);
  const ids = rows.flatMap((row) => [...row, ...new Array<number>(width - row.length).fill(padId)]);
  return new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [rows.length, width]);
}

/** int64 [rows, longest], 1 at tokens. */
export const maskTensor = (rows: Rows): ort.Tensor =>
  idsTensor(
    rows.map((row) => row.map(() => 1)),
    0,
  );

/** The float32 values of an output. */
export const values = (outputs: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array =>
  outputs[name]!.data as Float32Array;

/** An exported model in ONNX Runtime, and the loops that a deployer writes around it. */
export class OnnxModel {
  readonly encoder: ort.InferenceSession;
  readonly decoder: ort.InferenceSession;
  readonly decoderWithPast: ort.InferenceSession;
  readonly padId: number;

  private constructor(sessions: readonly ort.InferenceSession[], padId: number) {
    [this.encoder, this.decoder, this.decoderWithPast] = sessions as [
      ort.InferenceSession,
      ort.InferenceSession,
      ort.InferenceSession,
    ];
    this.padId = padId;
  }

  static async load(files: Readonly<Record<string, EncodedModel>>, padId: number): Promise<OnnxModel> {
    const { encoder, decoder, decoderWithPast } = ONNX_FILES;
    const sessions: ort.InferenceSession[] = [];
    for (const name of [encoder, decoder, decoderWithPast]) {
      sessions.push(await ort.InferenceSession.create(joinParts(files[name]!), { logSeverityLevel: 2 }));
    }
    return new OnnxModel(sessions, padId);
  }

  encode(sources: Rows): Promise<ort.InferenceSession.OnnxValueMapType> {
    return this.encoder.run({ input_ids: idsTensor(sources, this.padId), attention_mask: maskTensor(sources) });
  }

  /** Scores of all places: [rows, longest target, vocabulary]. */
  async decode(sources: Rows, targets: Rows, memory: ort.OnnxValue): Promise<Float32Array> {
    const inputs = { input_ids: idsTensor(targets, this.padId), memory, encoder_attention_mask: maskTensor(sources) };
    return values(await this.decoder.run(inputs), 'logits');
  }

  /** A cache to decode from: nothing written, and the source as the encoder left it. */
  past(encoded: ort.InferenceSession.OnnxValueMapType): Record<string, ort.OnnxValue> {
    const feeds: Record<string, ort.OnnxValue> = {};
    for (const [name, value] of Object.entries(encoded)) {
      if (!name.startsWith('present.')) continue;
      const [batch = 0, heads = 0, , width = 0] = (value as ort.Tensor).dims;
      feeds[name.replace('present', 'past_key_values')] = value;
      feeds[name.replace('present', 'past_key_values').replace('encoder', 'decoder')] = new ort.Tensor(
        'float32',
        [],
        [batch, heads, 0, width],
      );
    }
    return feeds;
  }

  /** Scores of the new tokens of each row; `past` moves on. */
  async step(sources: Rows, tokens: Rows, past: Record<string, ort.OnnxValue>): Promise<Float32Array> {
    const inputs = { ...past, input_ids: idsTensor(tokens, this.padId), encoder_attention_mask: maskTensor(sources) };
    const outputs = await this.decoderWithPast.run(inputs);
    for (const [name, value] of Object.entries(outputs)) {
      if (name !== 'logits') past[name.replace('present', 'past_key_values')] = value;
    }
    return values(outputs, 'logits');
  }

  /** The most probable token each time, of equal ones the lower id, for all rows together. */
  async greedy(
    sources: Rows,
    { maxLength, suppress }: { readonly maxLength: number; readonly suppress: readonly number[] },
  ): Promise<number[][]> {
    const past = this.past(await this.encode(sources));
    const written = sources.map((): number[] => []);
    for (let n = 0; n < maxLength && written.some((row) => row.at(-1) !== EOS); n++) {
      const logits = await this.step(
        sources,
        written.map((row) => [row.at(-1) ?? BOS]),
        past,
      );
      const vocab = logits.length / sources.length;
      for (const [i, row] of written.entries()) {
        if (row.at(-1) === EOS) continue;
        row.push(best(logits.subarray(i * vocab, (i + 1) * vocab), suppress));
      }
    }
    return written;
  }

  async release(): Promise<void> {
    for (const session of [this.encoder, this.decoder, this.decoderWithPast]) await session.release();
  }
}

/** The id of the highest score, those of `suppress` aside. */
function best(scores: Float32Array, suppress: readonly number[]): number {
  let id = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let other = 0; other < scores.length; other++) {
    if (scores[other]! > highest && !suppress.includes(other)) [id, highest] = [other, scores[other]!];
  }
  return id;
}

/** What a file says of itself, read from its bytes. */
export function readOnnx(file: Uint8Array) {
  const model = message(file);
  const graph = message(model.bytes(7)[0]!);
  const names = (tag: number): string[] => graph.bytes(tag).map((info) => message(info).text(1));
  return {
    ir: model.numbers(1)[0],
    opset: message(model.bytes(8)[0]!).numbers(2)[0],
    inputs: names(11),
    outputs: names(12),
    nodes: graph
      .bytes(1)
      .map(message)
      .map((node) => ({
        inputs: node.bytes(1).map(text),
        outputs: node.bytes(2).map(text),
        name: node.text(3),
        op: node.text(4),
        domain: node.text(7),
      })),
    initializers: graph
      .bytes(5)
      .map(message)
      .map((tensor) => ({
        name: tensor.text(8),
        shape: tensor.numbers(1),
        bytes: tensor.bytes(9)[0]?.length ?? 0,
      })),
  };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The fields of a protobuf message by their numbers, whatever they mean. */
function message(bytes: Uint8Array) {
  const fields: Record<number, (number | Uint8Array)[]> = {};
  new PbfReader(bytes).readFields((tag, into, reader) => {
    const value = [0, 5].includes(reader.type)
      ? reader.type === 0
        ? reader.readVarint(true)
        : reader.readFloat()
      : reader.readBytes();
    (into[tag] ??= []).push(value);
  }, fields);
  return {
    numbers: (tag: number): number[] => (fields[tag] ?? []) as number[],
    bytes: (tag: number): Uint8Array[] => (fields[tag] ?? []) as Uint8Array[],
    text: (tag: number): string => text((fields[tag]?.[0] ?? new Uint8Array()) as Uint8Array),
  };
}
