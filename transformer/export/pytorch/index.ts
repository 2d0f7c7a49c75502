import { ArgumentError } from '../../../engine/index.ts';
import type { ModelConfig } from '../../model/config.ts';
import { CHECKPOINT, checkpointConfig, encodeCheckpoint } from '../../training/checkpoint.ts';
import type { ExportTarget } from '../target.ts';
import { SCRIPTS } from './scripts.ts';
import { encodeMoments, STATE_FILE } from './state.ts';

export { type Imported, readPyTorch } from './read.ts';
export { freshState, STATE_FILE } from './state.ts';

/**
 * A folder that Python loads into torch.nn.Transformer: the checkpoint as it is, since its names are PyTorch's, the
 * moments of Adam under the names of their parameters, and the scripts that use them.
 */
export const pytorch: ExportTarget = {
  title: 'PyTorch',
  trains: true,
  async files({ translator, step, state, training }) {
    checkExpressible(translator.model.config);
    const encoder = new TextEncoder();
    const { source, target } = translator;
    const marks = { source: source.special, target: target.special };
    const config = { ...checkpointConfig(translator, step), marks, training };
    const files: Record<string, Uint8Array> = {
      ...(await encodeCheckpoint(translator)),
      [CHECKPOINT.config]: encoder.encode(`${JSON.stringify(config, null, 1)}\n`),
    };
    if (state !== null) files[STATE_FILE] = encodeMoments(translator.model, state);
    for (const [name, text] of Object.entries(SCRIPTS)) files[name] = encoder.encode(text);
    return files;
  },
};

/** What modeling_heddle.py makes of torch.nn.Transformer. */
const EXPRESSIBLE = {
  activation: ['relu', 'gelu'],
  norm: ['layer'],
  positions: ['sinusoidal', 'learned'],
} as const satisfies { readonly [K in keyof ModelConfig]?: readonly ModelConfig[K][] };

function checkExpressible(config: Required<ModelConfig>): void {
  for (const [name, known] of Object.entries(EXPRESSIBLE)) {
    const value = config[name as keyof typeof EXPRESSIBLE];
    if ((known as readonly unknown[]).includes(value)) continue;
    throw new ArgumentError(
      `export to PyTorch: ${name} '${value}', expected ${known.map((k) => `'${k}'`).join(' or ')}: ` +
        'torch.nn.Transformer has no other. Export to ONNX, or train a model without it.',
    );
  }
}
