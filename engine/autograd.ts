import { ArgumentError, GradientError, given, ShapeError, show } from './errors.ts';
import { scope, tape, unscoped } from './memory.ts';
import { type Shape, sameShape } from './shape.ts';
import type { TapeNode, Tensor } from './tensor.ts';
import { decomposingBackward, tracedBackward, tracing } from './trace.ts';

let recording = true;

/** True while operations on tensors that require gradients are written on the tape. */
export const isGradEnabled = (): boolean => recording;

class GradMode implements Disposable {
  readonly #before = recording;
  constructor(on: boolean) {
    recording = on;
  }
  dispose(): void {
    recording = this.#before;
  }
  [Symbol.dispose](): void {
    recording = this.#before;
  }
}

const withGradMode = <T>(on: boolean, body: () => T): T => {
  const mode = new GradMode(on);
  try {
    return body();
  } finally {
    mode.dispose();
  }
};

/** Without a tape: `noGrad(() => …)`, or `using _ = noGrad();` for the rest of a block. */
export function noGrad(): Disposable;
export function noGrad<T>(body: () => T): T;
export function noGrad<T>(body?: () => T): Disposable | T {
  return body === undefined ? new GradMode(false) : withGradMode(false, body);
}

/** With a tape again, inside `noGrad`. */
export const enableGrad = <T>(body: () => T): T => withGradMode(true, body);

/** What the gradient rule of an operation is told besides dy and what was saved. */
export interface GradContext<In extends string = string, A = object> {
  readonly attrs: A;
  /** Shapes of the inputs. */
  readonly shapes: Readonly<Record<In, Shape>>;
  /** Whose gradient is asked for; the others may be left out. */
  readonly needs: Readonly<Record<In, boolean>>;
  /** True when the gradient itself must be differentiable: write it in operations that have gradients. */
  readonly createGraph: boolean;
}

export type GradRule = (
  dy: Tensor,
  saved: Readonly<Record<string, Tensor>>,
  context: GradContext,
) => Readonly<Record<string, Tensor | null | undefined>>;

interface Saved {
  readonly name: string;
  readonly tensor: Tensor;
  readonly version: number;
  /** Outputs are saved without their node, which would hold itself alive; they get it back when used. */
  readonly isOutput: boolean;
  /** Saved in float16, and made float32 again when used. */
  readonly halved: boolean;
}

/** One entry of the tape: an operation, its inputs' entries, and what its gradient needs. Counted like storage. */
export class Node implements TapeNode {
  static #count = 0;
  readonly name: string;
  readonly leaf = false;
  /** Later entries have higher numbers, so going down the numbers visits every entry after all that use it. */
  readonly sequence = Node.#count++;
  readonly inputs: readonly { readonly name: string; readonly node: Node | Leaf | null; readonly shape: Shape }[];
  readonly rule: GradRule | null;
  readonly attrs: object;
  path: string | null = null;
  /** Told the gradient of this entry's output, when it is complete. */
  onGrad: ((dy: Tensor) => void) | null = null;
  #saved: Saved[] = [];
  #references = 1;
  #freed = false;

  /** The number that the next entry will have: what is on the tape now lies below it. */
  static get next(): number {
    return Node.#count;
  }

  constructor(name: string, rule: GradRule | null, inputs: Readonly<Record<string, Tensor>>, attrs: object) {
    this.name = name;
    this.rule = rule;
    this.attrs = attrs;
    this.inputs = Object.entries(inputs).map(([input, t]) => {
      t.node?.retain();
      return { name: input, node: t.node as Node | Leaf | null, shape: t.shape };
    });
  }

  /** Keeps `tensor` (an input, or an output of this very entry) for the gradient rule. */
  save(name: string, tensor: Tensor, isOutput: boolean): void {
    const kept = tensor.alias(tensor, isOutput ? null : tensor.node, tape);
    this.#saved.push({ name, tensor: kept, version: tensor.storage.version, isOutput, halved: false });
  }

  /** Keeps `half`, an input or output rounded to float16, in its place. */
  saveHalf(name: string, half: Tensor): void {
    const kept = half.alias(half, null, tape);
    this.#saved.push({ name, tensor: kept, version: half.storage.version, isOutput: false, halved: true });
  }

  /**
   * Gradients of the inputs by name. `composed` asks the rule for its formula in operations instead of a fused kernel:
   * the one it has for second derivatives.
   */
  gradients(
    dy: Tensor,
    createGraph: boolean,
    composed = createGraph,
  ): Readonly<Record<string, Tensor | null | undefined>> {
    if (this.#freed) {
      throw new GradientError(
        `backward: the graph of ${this.name} was freed by an earlier backward(). Pass { retainGraph: true } the first time.`,
      );
    }
    if (this.rule === null) {
      throw new GradientError(
        `backward: ${this.name} has no gradient. ` +
          'It is a fused backward kernel, so second derivatives through it need the composed form, or it is not differentiable.',
      );
    }
    const saved: Record<string, Tensor> = {};
    for (const { name, tensor, version, isOutput, halved } of this.#saved) {
      if (tensor.storage.version !== version) {
        throw new GradientError(
          `backward: ${name} of ${this.name}, ${tensor.describe()}, was changed in place after it was used. ` +
            'Call backward() before the change, or work on a copy.',
        );
      }
      if (halved && createGraph) {
        throw new GradientError(
          `backward: ${this.name} was recorded inside autocast('float16'), which keeps ${name} rounded and off the tape: ` +
            'there is no second derivative. Record it in float32.',
        );
      }
      if (halved) saved[name] = gradientOps.widen(tensor);
      else saved[name] = isOutput ? tensor.alias(tensor, createGraph ? this : null) : tensor;
    }
    const shapes: Record<string, Shape> = {};
    const needs: Record<string, boolean> = {};
    for (const { name, node, shape } of this.inputs) {
      shapes[name] = shape;
      needs[name] = node !== null;
    }
    return this.rule(dy, saved, { attrs: this.attrs, shapes, needs, createGraph: composed });
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references > 0) return;
    // A long chain of entries is let go in a loop: recursion would overflow on deep graphs.
    const queue: Node[] = [this];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      node.free();
      for (const { node: next } of node.inputs) {
        if (next instanceof Node && --next.#references === 0) queue.push(next);
      }
    }
  }

  /** Lets go of what was saved; a later backward through this entry is an error. */
  free(): void {
    this.#freed = true;
    this.onGrad = null;
    for (const { tensor } of this.#saved) tensor.dispose();
    this.#saved = [];
  }
}

/** The end of the tape at a leaf: collects its gradient in `leaf.grad`. Holds no memory, so counts nothing. */
export class Leaf implements TapeNode {
  readonly name = 'leaf';
  readonly leaf = true;
  path: string | null = null;
  readonly tensor: WeakRef<Tensor>;
  constructor(tensor: Tensor) {
    this.tensor = new WeakRef(tensor);
  }
  retain(): void {}
  release(): void {}
}

/** Asks for the gradient of a leaf from now on (or no longer). Only float32 has gradients. */
export function requiresGrad<T extends Tensor>(t: T, on = true): T {
  if (!t.isLeaf) {
    throw new GradientError(
      `requiresGrad: ${t.describe()} was made by ${t.node?.name}. Only a leaf can be switched; detach() it.`,
    );
  }
  if (on && t.dtype !== 'float32') {
    throw new GradientError(`requiresGrad: ${t.describe()} has no gradient. Only float32 tensors do.`);
  }
  if (on !== t.requiresGrad) t.node = on ? new Leaf(t) : null;
  return t;
}

/** The operations that gradients take, given at start-up by ops/accumulate.ts and ops/contiguous.ts. */
export const gradientOps: {
  add: (a: Tensor, b: Tensor) => Tensor;
  /** target += x in place, or target = x when `replace`. */
  accumulate: (target: Tensor, x: Tensor, replace: boolean) => void;
  ones: (like: Tensor) => Tensor;
  /** float16 → float32. */
  widen: (x: Tensor) => Tensor;
} = {
  add: missing,
  accumulate: missing,
  ones: missing,
  widen: missing,
};

function missing(): never {
  throw new ArgumentError('autograd: import the engine through engine/index.ts.');
}

export interface BackwardOptions {
  /** Keep what the tape saved, so that backward can run through the same graph again. Default: `createGraph`. */
  readonly retainGraph?: boolean;
  /** Write the gradient computation itself on the tape, for second derivatives. */
  readonly createGraph?: boolean;
}

/**
 * Gradient of `output` with respect to every leaf it was made from, added to each leaf's `grad`.
 * `gradient` is d loss / d output; it may be left out when output has one element (then it is 1).
 */
export function backward(output: Tensor, gradient?: Tensor, options: BackwardOptions = {}): void {
  if (gradient !== undefined && gradient !== null && !(typeof gradient === 'object' && 'storage' in gradient)) {
    throw new ArgumentError(
      `backward: the first argument is ${given(gradient)}, expected the gradient of the output, a tensor. ` +
        'Options come second: backward(undefined, { retainGraph: true }).',
    );
  }
  const leaves = sweep(output, gradient, options);
  for (const [leaf, g] of leaves) tracedBackward(leaf, () => collect(leaf, g, options.createGraph ?? false));
}

/** Gradients of `output` with respect to `inputs`, returned instead of collected in `.grad`. Zero influence gives null. */
export function gradients(
  output: Tensor,
  inputs: readonly Tensor[],
  options: BackwardOptions & { readonly gradient?: Tensor } = {},
): (Tensor | null)[] {
  const wanted = inputs.map((t) => {
    if (t.node === null) throw new GradientError(`gradients: ${t.describe()} does not require a gradient.`);
    return t.node;
  });
  const found = new Map<TapeNode, Tensor>();
  const leaves = sweep(output, options.gradient, options, (node, dy) => {
    if (wanted.includes(node)) found.set(node, dy.alias());
  });
  for (const [leaf, g] of leaves) {
    if (wanted.includes(leaf)) found.set(leaf, g);
    else g.dispose();
  }
  return wanted.map((node) => found.get(node) ?? null);
}

/** Runs the tape backwards from `output`; returns the complete gradient of every leaf reached. */
function sweep(
  output: Tensor,
  gradient: Tensor | undefined,
  { createGraph = false, retainGraph = createGraph }: BackwardOptions,
  visit?: (node: Node, dy: Tensor) => void,
): Map<Leaf, Tensor> {
  const root = output.node as Node | Leaf | null;
  if (root === null) {
    throw new GradientError(`backward: ${output.describe()} depends on nothing that requires a gradient.`);
  }
  if (gradient === undefined && output.size !== 1) {
    throw new GradientError(
      `backward: ${output.describe()} is no scalar. Pass the gradient of it, or reduce it with sum().`,
    );
  }
  if (gradient !== undefined && !sameShape(gradient.shape, output.shape)) {
    throw new ShapeError(
      `backward: gradient ${show(gradient.shape)} for an output ${show(output.shape)}. They must be alike.`,
    );
  }
  const mode = new GradMode(createGraph);
  const pending = new Map<Node | Leaf, Tensor>();
  const leaves = new Map<Leaf, Tensor>();
  try {
    pending.set(root, gradient?.alias() ?? gradientOps.ones(output));
    for (const node of reachable(root)) {
      const dy = pending.get(node);
      pending.delete(node);
      if (dy === undefined) continue;
      node.onGrad?.(dy);
      visit?.(node, dy);
      scope((temporaries) => {
        const grads = tracing()
          ? tracedBackward(node, () => node.gradients(dy, createGraph, createGraph || decomposingBackward(node.name)))
          : node.gradients(dy, createGraph);
        for (const { name, node: next, shape } of node.inputs) {
          const g = grads[name];
          if (next === null || !g) continue;
          if (!sameShape(g.shape, shape)) {
            throw new ShapeError(`backward: ${node.name} gave its ${name} ${show(shape)} a gradient ${show(g.shape)}.`);
          }
          const before = pending.get(next);
          // The same tensor may be the gradient of two inputs (and be dy itself): each gets a handle of its own.
          const mine = before === undefined ? g.alias() : tracedBackward(next, () => gradientOps.add(before, g));
          before?.dispose();
          temporaries.keep(mine);
          pending.set(next, mine);
        }
      });
      dy.dispose();
      if (!retainGraph) node.free();
    }
    for (const [node, g] of pending) if (node instanceof Leaf) leaves.set(node, g);
    return leaves;
  } catch (error) {
    for (const t of pending.values()) t.dispose();
    throw error;
  } finally {
    mode.dispose();
  }
}

/** Every entry that leads to `root`, the latest first. */
function reachable(root: Node | Leaf): Node[] {
  const seen = new Set<Node>();
  const stack = root instanceof Node ? [root] : [];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const { node: next } of node.inputs) if (next instanceof Node) stack.push(next);
  }
  return [...seen].sort((a, b) => b.sequence - a.sequence);
}

/**
 * Every leaf that `output` was made from, but for those in `known`.
 *
 * @throws {GradientError} when it was also made from an entry of the tape below number `first`
 */
export function leavesBelow(output: Tensor, first: number, known: ReadonlySet<TapeNode | null>): Leaf[] {
  const root = output.node as Node | Leaf | null;
  const inside = root === null ? [] : reachable(root);
  const ends = new Set<Node | Leaf | null>([...inside.flatMap((n) => n.inputs.map(({ node }) => node)), root]);
  for (const end of ends) {
    if (end instanceof Node && end.sequence < first) {
      throw new GradientError(
        `recompute: the body uses a result of ${end.name} that is on the tape. Pass it as an input of recompute().`,
      );
    }
  }
  return [...ends].filter((end): end is Leaf => end instanceof Leaf && !known.has(end));
}

/** Adds `g` to the leaf's `.grad`, in place where it lies in the model's gradient buffer. Takes `g` over. */
function collect(leaf: Leaf, g: Tensor, createGraph: boolean): void {
  const t = leaf.tensor.deref();
  if (t === undefined || t.disposed) {
    g.dispose();
    return;
  }
  const owned = (x: Tensor): Tensor => unscoped(() => x.alias(x, createGraph ? x.node : null));
  const slot = t.gradSlot;
  if (slot !== null && !createGraph) {
    gradientOps.accumulate(slot, g, t.grad === null);
    t.grad ??= owned(slot);
  } else if (t.grad === null) {
    t.grad = owned(g);
  } else {
    const sum = withGradMode(createGraph, () => gradientOps.add(t.grad!, g));
    t.grad.dispose();
    t.grad = owned(sum);
    sum.dispose();
  }
  g.dispose();
}
