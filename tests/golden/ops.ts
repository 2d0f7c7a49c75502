import type { Device, Tensor } from '../../engine/index.ts';
import * as h from '../../engine/index.ts';
import { type Comparison, PendingCase } from './compare.ts';
import type { Golden, OpGolden } from './files.ts';

type Args = Readonly<Record<string, never>>;
type Run = (inputs: Tensor[], args: Args) => Tensor;

const unary =
  (f: (x: Tensor) => Tensor): Run =>
  ([x]) =>
    f(x!);
const binary =
  (f: (x: Tensor, y: Tensor) => Tensor): Run =>
  ([x, y]) =>
    f(x!, y!);
const reduction =
  (f: (x: Tensor, dim: number[], options: { keepdim: boolean }) => Tensor): Run =>
  ([x], { dim, keepdim = false }) =>
    f(x!, dim as never, { keepdim });

/** How each golden operation is called here; PyTorch's arguments on the right, heddle's on the left. */
const table: Readonly<Record<string, Run>> = {
  neg: unary(h.neg),
  exp: unary(h.exp),
  abs: unary(h.abs),
  relu: unary(h.relu),
  sigmoid: unary(h.sigmoid),
  tanh: unary(h.tanh),
  silu: unary(h.silu),
  square: unary(h.square),
  sin: unary(h.sin),
  cos: unary(h.cos),
  erf: unary(h.erf),
  log: unary(h.log),
  sqrt: unary(h.sqrt),
  rsqrt: unary(h.rsqrt),
  reciprocal: unary(h.reciprocal),
  gelu: ([x], { approximate = 'none' }) => h.gelu(x!, { approximate: approximate as never }),
  pow: ([x], { exponent }) => h.pow(x!, exponent!),
  clamp: ([x], { min, max }) => h.clamp(x!, min!, max!),
  add: binary(h.add),
  sub: binary(h.sub),
  mul: binary(h.mul),
  div: binary(h.div),
  maximum: binary(h.maximum),
  minimum: binary(h.minimum),
  sum: reduction(h.sum),
  mean: reduction(h.mean),
  amax: reduction(h.amax),
  amin: reduction(h.amin),
  logsumexp: reduction(h.logsumexp),
  var: ([x], { dim, keepdim = false, correction }) => h.variance(x!, dim, { keepdim, correction: correction! }),
  argmax: ([x], { dim }) => h.argmax(x!, dim!),
  reshape: ([x], { shape }) => h.reshape(x!, shape!),
  permute: ([x], { dims }) => h.permute(x!, dims!),
  transpose: ([x], { dim0, dim1 }) => h.transpose(x!, dim0!, dim1!),
  slice: ([x], { dim, start, end, step = 1 }) => h.slice(x!, dim!, start!, end!, step),
  cat: (xs, { dim }) => h.cat(xs, dim!),
  stack: (xs, { dim }) => h.stack(xs, dim!),
  expand: ([x], { shape }) => h.expand(x!, shape!),
  pad: ([x], { pad }) => h.pad(x!, pad!),
  where: ([m, x, y]) => h.where(m!.to('bool'), x!, y!),
  masked_fill: ([x, m], { value }) => h.maskedFill(x!, m!.to('bool'), value!),
  gather: ([x, i], { dim }) => h.gather(x!, dim!, i!),
  index_select: ([x, i], { dim }) => h.indexSelect(x!, dim!, i!),
  tril: ([x], { diagonal }) => h.tril(x!, diagonal!),
  triu: ([x], { diagonal }) => h.triu(x!, diagonal!),
  cumsum: ([x], { dim }) => h.cumsum(x!, dim!),
  matmul: binary(h.matmul),
  linear: ([x, w, b]) => h.linear(x!, w!, b ?? null),
  softmax: ([x], { dim }) => h.softmax(x!, dim!),
  log_softmax: ([x], { dim }) => h.logSoftmax(x!, dim!),
  layer_norm: ([x, w, b], { eps }) => h.layerNorm(x!, w!, b!, { eps: eps! }),
  rms_norm: ([x, w], { eps }) => h.rmsNorm(x!, w!, { eps: eps! }),
  embedding: ([i, w], { padding_idx }) =>
    h.embedding(i!, w!, padding_idx === undefined ? {} : { paddingIdx: padding_idx }),
  cross_entropy: ([x, t], { ignore_index = -100, label_smoothing = 0, reduction = 'mean' }) =>
    h.crossEntropy(x!, t!, {
      ignoreIndex: ignore_index,
      labelSmoothing: label_smoothing,
      reduction: reduction as never,
    }),
  mse_loss: binary((x, y) => h.mseLoss(x, y)),
  scaled_dot_product_attention: ([q, k, v, m], { is_causal }) =>
    h.scaledDotProductAttention(q!, k!, v!, { isCausal: is_causal!, mask: m ? m.to('bool') : null }),
};

/** Runs one case: outputs and input gradients against what PyTorch gave. */
export async function runOp(golden: OpGolden, { opTensors }: Golden, device: Device): Promise<Comparison[]> {
  const run = table[golden.op];
  if (run === undefined) throw new PendingCase(`operation ${golden.op} is not built`);
  const host = (name: string): h.HostTensor => {
    const t = opTensors[name];
    if (t === undefined) throw new h.ArgumentError(`golden: ops.safetensors has no ${name}.`);
    return t;
  };
  using _ = h.scope();
  const inputs = golden.inputs.map((name) => {
    const { data, shape, dtype } = host(name);
    return h.tensor(data, { shape, dtype, device, requiresGrad: dtype === 'float32' });
  });
  const output = run(inputs, golden.args as Args);
  const comparisons: Comparison[] = [];
  const compare = async (what: string, t: Tensor | null, name: string): Promise<void> => {
    const want = host(name);
    comparisons.push({
      what,
      got: (await t?.data()) ?? [],
      shape: t?.shape ?? null,
      want,
      relative: 1e-5,
      absolute: 1e-6,
    });
  };
  await compare('output', output, golden.outputs[0]!);
  const upstream = opTensors[`${golden.case}/dout0`];
  if (upstream !== undefined) {
    // numpy stores a scalar as [1]
    output.backward(h.tensor(upstream.data, { shape: output.shape, device }));
    for (const [i, name] of golden.grads.entries()) {
      if (name === null) continue;
      // PyTorch stores zeros where nothing flows
      const grad = inputs[i]!.grad ?? h.zeros(inputs[i]!.shape, { device });
      await compare(`gradient of input ${i}`, grad, name);
    }
  }
  return comparisons;
}
