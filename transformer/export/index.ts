/** Out of heddle and into other programs. A new target is one entry of this table; the command line reads it. */
import { onnx } from './onnx/index.ts';
import { pytorch } from './pytorch/index.ts';
import type { ExportTarget } from './target.ts';

export type { ExportFiles, ExportSource, ExportTarget } from './target.ts';

export const TARGETS = { pytorch, onnx } as const satisfies Record<string, ExportTarget>;

export type TargetName = keyof typeof TARGETS;
