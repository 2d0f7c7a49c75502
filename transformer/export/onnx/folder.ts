import { startAndEnd } from '../../model/generateText.ts';
import type { Translator } from '../../model/translate.ts';
import type { Tokenizer } from '../../text/tokenizer/index.ts';
import { CHECKPOINT } from '../../training/checkpoint.ts';
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
  translator: Translator,
  graphs: Readonly<Record<string, EncodedModel>>,
): Record<string, Uint8Array> {
  const { model, source, target } = translator;
  const { maxLength, positions } = model.config;
  const learned = positions === 'learned';
  const facts = factsOf(translator, graphs);
  const english = learned ? ` Positions were learned: give no sequence of more than ${maxLength} tokens.` : '';
  const chinese = learned ? `位置是学习得到的：序列不要超过 ${maxLength} 个词元。` : '';
  const texts = {
    [CHECKPOINT.source]: json(source),
    ...(source !== target && { [CHECKPOINT.target]: json(target) }),
    [CHECKPOINT.config]: json(configOf(translator)),
    'README.md': filled(readme, { ...facts, limit: english }),
    'README.zh.md': filled(readmeChinese, { ...facts, limit: chinese }),
    'translate.mjs': example,
  };
  const encoder = new TextEncoder();
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, encoder.encode(text)]));
}

/** config.json: what a program around the graphs must know. */
function configOf(translator: Translator): object {
  const { model, source, target } = translator;
  const { padId } = model.config;
  const { bos, eos } = startAndEnd(translator.target);
  // what is never generated; see DecodeOptions
  const suppress = [padId, bos].filter((id) => id !== eos);
  return {
    format: 'heddle-onnx',
    version: 1,
    opset: OPSET,
    tokens: { pad: padId, sourceEos: source.mark('eos'), bos, eos, suppress },
    sharedTokenizer: source === target,
    tokenizers: { source: settings(source), target: settings(target) },
    model: model.config,
  };
}

/** What the pages say of this model. */
function factsOf(
  { model, source, target }: Translator,
  graphs: Readonly<Record<string, EncodedModel>>,
): Record<string, string | number> {
  const { padId, layers, dModel, heads, tgtVocab } = model.config;
  const size = (file: string): string => `${((graphs[file]?.byteLength ?? 0) / 1e6).toFixed(1)} MB`;
  // a bar in a token would end the cell of the table
  const named = (id: number, { vocabulary }: Tokenizer): string =>
    `\`${vocabulary[id]?.replaceAll('|', '\\|')}\`, ${id}`;
  const tokenizers = source === target ? [CHECKPOINT.source] : [CHECKPOINT.source, CHECKPOINT.target];
  return {
    opset: OPSET,
    encoderSize: size(ONNX_FILES.encoder),
    decoderSize: size(ONNX_FILES.decoder),
    pastSize: size(ONNX_FILES.decoderWithPast),
    tokenizers: tokenizers.map((name) => `\`${name}\``).join(', '),
    pad: named(padId, source),
    sourceEos: named(source.mark('eos'), source),
    bos: named(target.mark('bos'), target),
    lastLayer: layers - 1,
    dModel,
    heads,
    width: dModel / heads,
    tgtVocab,
  };
}

/** What Hugging Face keeps beside tokenizer.json, in tokenizer_config.json: its reader takes it as a second argument. */
function settings({ special, vocabulary }: Tokenizer): Record<string, string | boolean> {
  const marks = Object.entries(special).filter((mark): mark is [string, number] => mark[1] !== null);
  const names = marks.map(([role, id]) => [`${role}_token`, vocabulary[id]!]);
  return { ...Object.fromEntries(names), clean_up_tokenization_spaces: false };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** The text with each `{{name}}` replaced. */
const filled = (template: string, facts: Readonly<Record<string, string | number>>): string =>
  template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => `${facts[name]}`);
