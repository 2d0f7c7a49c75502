import { noGrad } from '../autograd.ts';
import { ArgumentError } from '../errors.ts';
import { unscoped } from '../memory.ts';
import { accumulate } from '../ops/accumulate.ts';
import { clone } from '../ops/contiguous.ts';
import { clamp } from '../ops/unary.ts';
import { Tensor } from '../tensor.ts';
import { normOf, scaleSpan, spanOf } from './kernels.ts';
import { inSlot, mergeRows, replaceGrad, rowOf } from './spans.ts';

/** The norm of all gradients together, and what they must be multiplied by; both 0-dimensional, on the device. */
export interface GradNorm {
  readonly norm: Tensor;
  readonly scale: Tensor;
}

const withGradient = (op: string, parameters: readonly Tensor[]): Tensor[] => {
  const list = [...new Set(parameters)].filter((p) => p.grad !== null);
  const other = list.find((p) => p.device !== list[0]!.device);
  if (other !== undefined)
    throw new ArgumentError(`${op}: parameters on ${list[0]!.device.name} and ${other.device.name}.`);
  return list;
};

/**
 * norm = √Σ‖gradient‖² over all parameters that have one, and scale = min(1, maxNorm / (norm + 1e-6)). Gradients stay as
 * they are: `optimizer.step({ gradScale: scale })` clips while it steps, which saves a pass over memory. Where the loss
 * was multiplied by `lossScale`, norm is that of the true gradients, and scale takes the factor out as well; a norm that is
 * not finite tells of an overflow (see LossScaler). Nothing is read back.
 */
export function gradNorm(
  parameters: readonly Tensor[],
  maxNorm = Number.POSITIVE_INFINITY,
  { lossScale = 1 }: { readonly lossScale?: number } = {},
): GradNorm {
  if (!(lossScale > 0 && Number.isFinite(lossScale))) {
    throw new ArgumentError(`gradNorm: lossScale ${lossScale}, expected a finite number above 0.`);
  }
  if (!(maxNorm > 0)) throw new ArgumentError(`gradNorm: maxNorm ${maxNorm}, expected a number above 0.`);
  const device = parameters[0]?.device;
  if (device === undefined) throw new ArgumentError('gradNorm: no parameters were given. Pass those of the model.');
  const list = withGradient('gradNorm', parameters);
  const norm = Tensor.empty(list[0]?.device ?? device, [], 'float32');
  const scale = Tensor.empty(norm.device, [], 'float32');
  const spans = mergeRows(list.map((p) => rowOf(p))).map(({ spans: [, gradient] }) => gradient!);
  normOf(spans, { maxNorm, lossScale }, spanOf(norm), spanOf(scale));
  return { norm, scale };
}

/**
 * Scales all gradients together so that their norm is at most `maxNorm`, as torch.nn.utils.clip_grad_norm_: each is
 * multiplied by min(1, maxNorm / (norm + 1e-6)). Returns the norm before, 0-dimensional, on the device. Parameters without
 * a gradient are left out; with maxNorm = ∞ nothing changes.
 */
export function clipGradNorm(parameters: readonly Tensor[], maxNorm: number): Tensor {
  const { norm, scale } = gradNorm(parameters, maxNorm);
  if (maxNorm !== Number.POSITIVE_INFINITY) scaleGrads(withGradient('clipGradNorm', parameters), scale);
  scale.dispose();
  return norm;
}

/** In place in the model's gradient buffer; elsewhere in a copy, since other tensors may share the gradient's memory. */
function scaleGrads(parameters: readonly Tensor[], scale: Tensor): void {
  for (const p of parameters) {
    if (!inSlot(p))
      replaceGrad(
        p,
        unscoped(() => noGrad(() => clone(p.grad!))),
      );
  }
  for (const { spans } of mergeRows(parameters.map((p) => rowOf(p)))) scaleSpan(spans[1]!, spanOf(scale));
}

/** Cuts every element of every gradient to [−value, value], as torch.nn.utils.clip_grad_value_. */
export function clipGradValue(parameters: readonly Tensor[], value: number): void {
  if (!(value >= 0)) throw new ArgumentError(`clipGradValue: ${value}, expected a number of at least 0.`);
  for (const p of withGradient('clipGradValue', parameters)) {
    const cut = unscoped(() => noGrad(() => clamp(p.grad!, -value, value)));
    if (inSlot(p)) {
      accumulate(p.grad!, cut, true);
      cut.dispose();
    } else {
      replaceGrad(p, cut);
    }
  }
}
