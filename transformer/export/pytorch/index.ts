import { encodeCheckpoint } from '../../checkpoint.ts';
import type { ExportTarget } from '../target.ts';
import modeling from './modeling_heddle.py?raw';
import safetensors from './safetensors_heddle.py?raw';

/** The Python files of the folder, as they are in the repository. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'modeling_heddle.py': modeling,
  'safetensors_heddle.py': safetensors,
};

/** A folder that Python loads into torch.nn.Transformer: the checkpoint as it is, since its names are PyTorch's. */
export const pytorch: ExportTarget = {
  title: 'PyTorch',
  async files({ translator }) {
    const encoder = new TextEncoder();
    const scripts = Object.entries(SCRIPTS).map(([name, text]) => [name, encoder.encode(text)] as const);
    return { ...(await encodeCheckpoint(translator)), ...Object.fromEntries(scripts) };
  },
};
