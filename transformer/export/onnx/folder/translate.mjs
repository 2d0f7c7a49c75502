/**
 * Translates sentences with the exported model, each token the most probable one. In Node,
 *
 *   npm install onnxruntime-web @huggingface/tokenizers
 *   node translate.mjs "The cat sat on the mat"
 *
 * and in a page, `import { translate } from './translate.mjs'`.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-web';

const inNode = import.meta.url.startsWith('file:');

/** A file of this folder. @param {string} name */
async function read(name) {
  const url = new URL(name, import.meta.url);
  if (inNode) return new Uint8Array(await (await import('node:fs/promises')).readFile(url));
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

/** @param {string} name */
const readJson = async (name) => JSON.parse(new TextDecoder().decode(await read(name)));

const { tokens, model, sharedTokenizer, tokenizers } = await readJson('config.json');
const source = new Tokenizer(await readJson('tokenizer.json'), tokenizers.source);
const target = sharedTokenizer ? source : new Tokenizer(await readJson('tokenizer.target.json'), tokenizers.target);
// in a page with a graphics card: ['webgpu'], and `onnxruntime-web/webgpu` above
const options = { executionProviders: ['wasm'] };
const encoder = await ort.InferenceSession.create(await read('encoder.onnx'), options);
const decoder = await ort.InferenceSession.create(await read('decoder_with_past.onnx'), options);

/** @param {readonly number[]} row one row of ids, [1, length] */
const int64 = (row) => new ort.Tensor('int64', BigInt64Array.from(row, BigInt), [1, row.length]);

/** @param {string} text */
export async function translate(text) {
  const ids = [...source.encode(text, { add_special_tokens: false }).ids, tokens.sourceEos];
  const mask = int64(ids.map(() => 1));
  const encoded = await encoder.run({ input_ids: int64(ids), attention_mask: mask });

  // Of the source, keys and values stay as they are; of the target, there are none yet.
  /** @type {Record<string, ort.OnnxValue>} */
  const past = {};
  const none = [1, model.heads, 0, model.dModel / model.heads];
  for (const [name, value] of Object.entries(encoded)) {
    if (name === 'memory') continue; // decoder.onnx reads that one
    const input = name.replace('present', 'past_key_values');
    past[input] = value;
    past[input.replace('encoder', 'decoder')] = new ort.Tensor('float32', [], none);
  }

  const longest = Math.min(
    2 * ids.length + 10,
    model.positions === 'learned' ? model.maxLength : Number.POSITIVE_INFINITY,
  );
  const written = [tokens.bos];
  while (written.length <= longest) {
    const feeds = { input_ids: int64(written.slice(-1)), encoder_attention_mask: mask, ...past };
    const { logits, ...present } = await decoder.run(feeds);
    for (const [name, value] of Object.entries(present)) past[name.replace('present', 'past_key_values')] = value;
    const next = best(/** @type {Float32Array} */ (logits?.data));
    if (next === tokens.eos) break;
    written.push(next);
  }
  return target.decode(written.slice(1));
}

/**
 * The most probable token, start mark and padding aside.
 *
 * @param {Float32Array} logits
 */
function best(logits) {
  let id = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [other, score] of logits.entries()) {
    if (score > highest && !tokens.suppress.includes(other)) [id, highest] = [other, score];
  }
  return id;
}

if (inNode) for (const text of process.argv.slice(2)) console.log(await translate(text));
