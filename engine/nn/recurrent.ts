import { ArgumentError, ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { fill } from '../ops/accumulate.ts';
import { add, mul, sub } from '../ops/binary.ts';
import { cat, stack } from '../ops/cat.ts';
import { dropout } from '../ops/dropout.ts';
import { linear } from '../ops/linear.ts';
import { relu, sigmoid, tanh } from '../ops/unary.ts';
import { chunk, select, squeeze, transpose, unsqueeze } from '../ops/views.ts';
import { defaultGenerator, type Generator } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { type ModuleOptions, newParameter, uniform } from './init.ts';
import { Module } from './module.ts';

export interface RecurrentOptions extends ModuleOptions {
  /** One above the other. Default: 1. */
  readonly numLayers?: number;
  /** Default: true. */
  readonly bias?: boolean;
  /** x is [batch, time, features] instead of [time, batch, features]. Default: false. */
  readonly batchFirst?: boolean;
  /** Of what goes from layer to layer in training. Default: 0. */
  readonly dropout?: number;
  /** A second set of layers reads from the end; outputs are side by side. Default: false. */
  readonly bidirectional?: boolean;
}

/** Weights of one layer in one direction. */
interface Weights {
  readonly input: Tensor;
  readonly hidden: Tensor;
  readonly inputBias: Tensor | null;
  readonly hiddenBias: Tensor | null;
}

/**
 * What recurrent networks have in common: weights under PyTorch's names (`weight_ih_l0`, `bias_hh_l1_reverse`), layers,
 * directions, and the walk over time. Composed of a product for all inputs at once and, for each step, one for the state.
 */
abstract class Recurrent extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly generator: Generator | undefined;
  readonly #bias: boolean;

  /** `gates`: how many of hiddenSize the products make for each step. */
  constructor(inputSize: number, hiddenSize: number, gates: number, options: RecurrentOptions) {
    super();
    const { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false } = options;
    if (!(Number.isInteger(numLayers) && numLayers >= 1) || !(p >= 0 && p < 1)) {
      throw new ArgumentError(
        `${this.constructor.name}: numLayers ${numLayers}, dropout ${p}. Expected a whole number from 1, and 0 ≤ p < 1.`,
      );
    }
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.generator = options.generator;
    this.#bias = bias;
    const init = uniform(1 / Math.sqrt(hiddenSize));
    const rows = gates * hiddenSize;
    const fields = this as unknown as Record<string, Tensor>;
    for (const { suffix, layer } of this.#runs()) {
      const width = layer === 0 ? inputSize : hiddenSize * this.#directions;
      fields[`weightIh${suffix}`] = newParameter([rows, width], init, options);
      fields[`weightHh${suffix}`] = newParameter([rows, hiddenSize], init, options);
      if (!bias) continue;
      fields[`biasIh${suffix}`] = newParameter([rows], init, options);
      fields[`biasHh${suffix}`] = newParameter([rows], init, options);
    }
  }

  get #directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** Layers and directions, in the order of their states. */
  *#runs(): Iterable<{ readonly suffix: string; readonly layer: number; readonly backwards: boolean }> {
    for (let layer = 0; layer < this.numLayers; layer++) {
      yield { suffix: `L${layer}`, layer, backwards: false };
      if (this.bidirectional) yield { suffix: `L${layer}Reverse`, layer, backwards: true };
    }
  }

  /** The state after one step, from the products of input [batch, gates · hidden] and of the state before. */
  protected abstract step(input: Tensor, product: Tensor, state: readonly Tensor[]): readonly Tensor[];

  /** Runs over time. x [time, batch, features], or with batchFirst [batch, time, features]; either without the batch. */
  protected run(
    x: Tensor,
    given: readonly Tensor[] | null,
    states: number,
  ): { readonly output: Tensor; readonly last: readonly Tensor[] } {
    return scope(() => {
      if ((x.ndim !== 2 && x.ndim !== 3) || x.shape.at(-1) !== this.inputSize) {
        throw new ShapeError(
          `${this.constructor.name}: x ${show(x.shape)}. Expected ${this.batchFirst ? '[batch, time' : '[time, batch'}, ${this.inputSize}].`,
        );
      }
      const single = x.ndim === 2;
      const first = given?.map((s) => (single ? unsqueeze(s, 1) : s)) ?? null;
      let layerInput = single ? unsqueeze(x, 1) : this.batchFirst ? transpose(x, 0, 1) : x;
      const batch = layerInput.shape[1]!;
      const runs = [...this.#runs()];
      const shape = [runs.length, batch, this.hiddenSize];
      const wrong = first?.find((s) => show(s.shape) !== show(shape));
      if (wrong !== undefined) {
        throw new ShapeError(`${this.constructor.name}: a state ${show(wrong.shape)}. Expected ${show(shape)}.`);
      }
      const last: (readonly Tensor[])[] = [];
      for (let layer = 0; layer < this.numLayers; layer++) {
        const outputs = runs.flatMap((run, k) => {
          if (run.layer !== layer) return [];
          const begin = Array.from({ length: states }, (_, i) =>
            first === null ? fill([batch, this.hiddenSize], 0, { device: x.device }) : select(first[i]!, 0, k),
          );
          const { output, end } = this.#direction(layerInput, begin, this.#weights(run.suffix), run.backwards);
          last.push(end);
          return [output];
        });
        layerInput = outputs.length === 1 ? outputs[0]! : cat(outputs, 2);
        if (this.training && this.dropout > 0 && layer + 1 < this.numLayers) {
          layerInput = dropout(layerInput, this.dropout, { generator: this.generator ?? defaultGenerator });
        }
      }
      const output = single ? squeeze(layerInput, 1) : this.batchFirst ? transpose(layerInput, 0, 1) : layerInput;
      const ends = Array.from({ length: states }, (_, i) => {
        const all = stack(last.map((end) => end[i]!));
        return single ? squeeze(all, 1) : all;
      });
      return { output, last: ends };
    });
  }

  #weights(suffix: string): Weights {
    const fields = this as unknown as Record<string, Tensor>;
    return {
      input: fields[`weightIh${suffix}`]!,
      hidden: fields[`weightHh${suffix}`]!,
      inputBias: this.#bias ? fields[`biasIh${suffix}`]! : null,
      hiddenBias: this.#bias ? fields[`biasHh${suffix}`]! : null,
    };
  }

  #direction(
    x: Tensor,
    begin: readonly Tensor[],
    weights: Weights,
    backwards: boolean,
  ): { output: Tensor; end: readonly Tensor[] } {
    return scope(() => {
      const inputs = linear(x, weights.input, weights.inputBias);
      const outputs: Tensor[] = [];
      let state = begin;
      const steps = x.shape[0]!;
      for (let i = 0; i < steps; i++) {
        const t = backwards ? steps - 1 - i : i;
        state = scope(() =>
          this.step(select(inputs, 0, t), linear(state[0]!, weights.hidden, weights.hiddenBias), state),
        );
        outputs[t] = state[0]!;
      }
      return { output: stack(outputs), end: state };
    });
  }
}

/** An Elman network: h = tanh(W x + b + U h + c), or relu. As torch.nn.RNN. */
export class RNN extends Recurrent {
  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { readonly nonlinearity?: 'tanh' | 'relu' } = {},
  ) {
    super(inputSize, hiddenSize, 1, options);
    this.nonlinearity = options.nonlinearity ?? 'tanh';
  }

  protected step(input: Tensor, product: Tensor): readonly Tensor[] {
    return [(this.nonlinearity === 'tanh' ? tanh : relu)(add(input, product))];
  }

  /**
   * x [time, batch, inputSize] and the first state [layers · directions, batch, hiddenSize] (zeros where it is missing) →
   * outputs [time, batch, directions · hiddenSize] and the last state.
   */
  forward(x: Tensor, hidden: Tensor | null = null): [Tensor, Tensor] {
    const { output, last } = this.run(x, hidden && [hidden], 1);
    return [output, last[0]!];
  }
}

/** A gated recurrent unit (Cho et al. 2014), in the arithmetic of torch.nn.GRU. */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, 3, options);
  }

  protected step(input: Tensor, product: Tensor, [h]: readonly Tensor[]): readonly Tensor[] {
    const [ir, iz, inew] = chunk(input, 3, 1);
    const [hr, hz, hnew] = chunk(product, 3, 1);
    const reset = sigmoid(add(ir!, hr!));
    const update = sigmoid(add(iz!, hz!));
    const fresh = tanh(add(inew!, mul(reset, hnew!)));
    return [add(fresh, mul(update, sub(h!, fresh)))];
  }

  /**
   * x [time, batch, inputSize] and the first state [layers · directions, batch, hiddenSize] (zeros where it is missing) →
   * outputs [time, batch, directions · hiddenSize] and the last state.
   */
  forward(x: Tensor, hidden: Tensor | null = null): [Tensor, Tensor] {
    const { output, last } = this.run(x, hidden && [hidden], 1);
    return [output, last[0]!];
  }
}

/** Long short-term memory (Hochreiter and Schmidhuber 1997), in the arithmetic of torch.nn.LSTM. */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, 4, options);
  }

  protected step(input: Tensor, product: Tensor, [, cell]: readonly Tensor[]): readonly Tensor[] {
    const [i, f, g, o] = chunk(add(input, product), 4, 1);
    const next = add(mul(sigmoid(f!), cell!), mul(sigmoid(i!), tanh(g!)));
    return [mul(sigmoid(o!), tanh(next)), next];
  }

  /**
   * x [time, batch, inputSize] and the first states, hidden and cell [layers · directions, batch, hiddenSize] (zeros where
   * they are missing) → outputs [time, batch, directions · hiddenSize] and the last states.
   */
  forward(x: Tensor, states: readonly [Tensor, Tensor] | null = null): [Tensor, [Tensor, Tensor]] {
    const { output, last } = this.run(x, states, 2);
    return [output, [last[0]!, last[1]!]];
  }
}
