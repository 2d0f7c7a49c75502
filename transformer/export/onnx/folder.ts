import { CHECKPOINT } from '../../checkpoint.ts';
import type { Translator } from '../../decode.ts';
import { BOS, EOS, UNK } from '../../tokenizer/index.ts';
import readme from './folder/README.md?raw';
import readmeChinese from './folder/README.zh.md?raw';
import example from './folder/translate.mjs?raw';
import { type EncodedModel, OPSET } from './proto.ts';

/** The graphs of a model, by what their file is called. */
export const ONNX_FILES = {
  encoder: 'encoder.onnx',
  decoder: 'decoder.onnx',
  decoderWithPast: 'decoder_with_past.onnx',
} as const;

/** What stands beside the graphs: tokenizers, the model's shape, two pages to read, an example to run. */
export function companions(
  { model, source, target }: Translator,
  graphs: Readonly<Record<string, EncodedModel>>,
): Record<string, Uint8Array> {
  const { config } = model;
  const tokens = { pad: config.padId, bos: BOS, eos: EOS, unk: UNK };
  const size = (file: string): string => `${((graphs[file]?.byteLength ?? 0) / 1e6).toFixed(1)} MB`;
  const { maxLength, positions } = config;
  const learned = positions === 'learned';
  const facts = {
    ...tokens,
    opset: OPSET,
    encoderSize: size(ONNX_FILES.encoder),
    decoderSize: size(ONNX_FILES.decoder),
    pastSize: size(ONNX_FILES.decoderWithPast),
    lastLayer: config.layers - 1,
    dModel: config.dModel,
    heads: config.heads,
    width: config.dModel / config.heads,
    tgtVocab: config.tgtVocab,
  };
  const shared = source === target;
  const tokenizers = `\`${CHECKPOINT.source}\`${shared ? '' : `, \`${CHECKPOINT.target}\``}`;
  const limit = {
    en: learned ? ` Positions were learned: give no sequence of more than ${maxLength} tokens.` : '',
    zh: learned ? `位置是学习得到的：序列不要超过 ${maxLength} 个词元。` : '',
  };
  const texts = {
    [CHECKPOINT.source]: json(source),
    ...(!shared && { [CHECKPOINT.target]: json(target) }),
    [CHECKPOINT.config]: json({
      format: 'heddle-onnx',
      version: 1,
      opset: OPSET,
      tokens,
      sharedTokenizer: shared,
      model: config,
    }),
    'README.md': filled(readme, { ...facts, tokenizers, limit: limit.en }),
    'README.zh.md': filled(readmeChinese, { ...facts, tokenizers, limit: limit.zh }),
    'translate.mjs': example,
  };
  const encoder = new TextEncoder();
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, encoder.encode(text)]));
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** The text with each `{{name}}` replaced. */
const filled = (template: string, facts: Readonly<Record<string, string | number>>): string =>
  template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => `${facts[name]}`);
