import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { at, build, indices } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './binary.ts';
import { diagonal } from './diagonal.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';
import { expand, permute, reshape } from './views.ts';

/** An equation taken apart. Dimensions that an ellipsis stands for are labelled '0', '1', … from the last one. */
interface Plan {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

function fail(equation: string, why: string): never {
  throw new ArgumentError(`einsum: '${equation}': ${why}.`);
}

function labels(equation: string, term: string, dims: number | null): string[] {
  const [before = '', after = null, more] = term.split('...');
  const letters = [...before, ...(after ?? '')];
  if (more !== undefined || !letters.every((c) => /[a-zA-Z]/.test(c))) {
    fail(equation, `'${term}' is not made of letters and at most one ellipsis`);
  }
  if (after === null) return letters;
  const rest = Math.max(0, (dims ?? 0) - letters.length);
  return [...before, ...Array.from({ length: rest }, (_, i) => String(rest - 1 - i)), ...after];
}

function planOf(equation: string, shapes: readonly Shape[]): Plan {
  const [left = '', right, more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (more !== undefined || terms.length !== shapes.length) {
    fail(equation, `${terms.length} operands are named and ${shapes.length} were given`);
  }
  const sizes = new Map<string, number>();
  const counts = new Map<string, number>();
  const inputs = terms.map((term, k) => {
    const shape = shapes[k]!;
    const named = labels(equation, term, shape.length);
    if (named.length !== shape.length) {
      throw new ShapeError(
        `einsum: '${equation}': operand ${k} is ${show(shape)}, and '${term}' names ${named.length} dimensions.`,
      );
    }
    named.forEach((label, d) => {
      const [known, size] = [sizes.get(label) ?? 1, shape[d]!];
      if (known !== size && known !== 1 && size !== 1) {
        throw new ShapeError(
          `einsum: '${equation}': dimension ${label} is ${known} and, in operand ${k} ${show(shape)}, ${size}.`,
        );
      }
      sizes.set(label, known === 1 ? size : known);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    });
    return named;
  });
  const spread = [...sizes.keys()].filter((label) => label < 'A').sort((a, b) => Number(b) - Number(a));
  const once = [...counts].filter(([label, n]) => n === 1 && label >= 'A').map(([label]) => label);
  const output =
    right === undefined
      ? [...spread, ...once.sort()]
      : labels(equation, right, spread.length + right.replace('...', '').length);
  const unknown = output.find((label) => !sizes.has(label));
  if (unknown !== undefined) fail(equation, `the output names '${unknown}', which no operand has`);
  if (new Set(output).size !== output.length) fail(equation, 'the output names a dimension twice');
  return { inputs, output, sizes };
}

/** A tensor and what its dimensions are called, each once. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** Diagonals of labels named twice, dimensions of size 1 repeated to their full size, those in `drop` added up. */
function prepare(x: Tensor, named: readonly string[], { sizes }: Plan, keep: ReadonlySet<string>): Term {
  let y = x;
  const names = [...named];
  for (let d = names.length - 1; d > 0; d--) {
    const first = names.indexOf(names[d]!);
    if (first === d) continue;
    const size = sizes.get(names[d]!)!;
    y = expand(
      y,
      y.shape.map((s, e) => (e === first || e === d ? size : s)),
    );
    y = diagonal(y, 0, first, d);
    const [label] = names.splice(d, 1);
    names.splice(first, 1);
    names.push(label!);
    d = names.length;
  }
  y = expand(
    y,
    names.map((label) => sizes.get(label)!),
  );
  const drop = names.flatMap((label, d) => (keep.has(label) ? [] : [d]));
  return { x: drop.length === 0 ? y : sum(y, drop), labels: names.filter((label) => keep.has(label)) };
}

/** The product of two terms, summed over what both have and `keep` lacks. */
function contract(a: Term, b: Term, keep: ReadonlySet<string>, sizes: ReadonlyMap<string, number>): Term {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => keep.has(label));
  const inner = both.filter((label) => !keep.has(label));
  const [left, right] = [a, b].map(({ labels: own }) => own.filter((label) => !both.includes(label)));
  const count = (names: readonly string[]): number => sizeOf(names.map((label) => sizes.get(label)!));
  const arranged = ({ x, labels: own }: Term, order: readonly string[], shape: Shape): Tensor =>
    reshape(
      permute(
        x,
        order.map((label) => own.indexOf(label)),
      ),
      shape,
    );
  const [p, m, n, k] = [count(batch), count(left!), count(right!), count(inner)];
  const x = arranged(a, [...batch, ...left!, ...inner], [p, m, k]);
  const y = arranged(b, [...batch, ...inner, ...right!], [p, k, n]);
  const named = [...batch, ...left!, ...right!];
  const product = inner.length === 0 ? mul(x, y) : matmul(x, y);
  return {
    x: reshape(
      product,
      named.map((label) => sizes.get(label)!),
    ),
    labels: named,
  };
}

const einsumOp = defineComposite({
  name: 'einsum',
  formula: 'the sum of products over every index that the output does not name',
  inputs: ['x'] as readonly string[],
  variadic: true,
  attrs: { equation: '' },
  compute: (given, { equation }) => {
    const tensors = Object.values(given);
    const plan = planOf(
      equation,
      tensors.map((t) => t.shape),
    );
    // What is needed later: an index that only one operand has, and the output has not, is added up at once.
    const needed = (from: number, ...also: (readonly string[])[]): Set<string> =>
      new Set([...plan.output, ...plan.inputs.slice(from).flat(), ...also.flat()]);
    const term = (k: number, keep: ReadonlySet<string>): Term => prepare(tensors[k]!, plan.inputs[k]!, plan, keep);
    let result = term(0, needed(1));
    for (let k = 1; k < tensors.length; k++) {
      const next = term(k, needed(k + 1, result.labels));
      result = contract(result, next, needed(k + 1), plan.sizes);
    }
    return permute(
      result.x,
      plan.output.map((label) => result.labels.indexOf(label)),
    );
  },
  reference: (given, { equation }) => {
    const arrays = Object.values(given);
    const plan = planOf(
      equation,
      arrays.map((a) => a.shape),
    );
    const inner = [...plan.sizes.keys()].filter((label) => !plan.output.includes(label));
    const shape = (names: readonly string[]): number[] => names.map((label) => plan.sizes.get(label)!);
    return build(shape(plan.output), (outer) => {
      let total = 0;
      for (const rest of indices(shape(inner))) {
        const where = (label: string): number =>
          inner.includes(label) ? rest[inner.indexOf(label)]! : outer[plan.output.indexOf(label)]!;
        total += arrays.reduce(
          (product, a, k) =>
            product *
            at(
              a,
              a.shape.map((s, d) => (s === 1 ? 0 : where(plan.inputs[k]![d]!))),
            ),
          1,
        );
      }
      return total;
    });
  },
  cases: [
    { inputs: { x0: [3, 4], x1: [4, 5] }, attrs: { equation: 'ij,jk->ik' } },
    { inputs: { x0: [3, 4], x1: [4, 5] }, attrs: { equation: 'ij,jk' } },
    { inputs: { x0: [2, 3, 4], x1: [2, 5, 4] }, attrs: { equation: 'bqd,bkd->bqk' } },
    { inputs: { x0: [2, 3, 2, 4], x1: [2, 5, 2, 4] }, attrs: { equation: 'b q h d, b k h d -> b h q k' } },
    { inputs: { x0: [3], x1: [4] }, attrs: { equation: 'i,j->ji' } },
    { inputs: { x0: [3], x1: [3] }, attrs: { equation: 'i,i->i' } },
    { inputs: { x0: [4, 4] }, attrs: { equation: 'ii' } },
    { inputs: { x0: [4, 2, 4] }, attrs: { equation: 'iji->ji' } },
    { inputs: { x0: [2, 3, 4] }, attrs: { equation: 'abc->ca' } },
    { inputs: { x0: [2, 1, 3, 4], x1: [5, 4, 2] }, attrs: { equation: '...ij,...jk->...ik' } },
    { inputs: { x0: [2, 3], x1: [3, 4], x2: [4, 2] }, attrs: { equation: 'ij,jk,kl->il' } },
    { inputs: { x0: [3, 2], x1: [4, 2, 5], x2: [3, 5] }, attrs: { equation: 'bn,anm,bm->ba' } },
    { inputs: { x0: [2, 3], x1: [2, 3] }, attrs: { equation: '...,...->' } },
    { inputs: { x0: [0, 3], x1: [3, 2] }, attrs: { equation: 'ij,jk->ik' } },
  ],
});

/**
 * Einstein's notation: `einsum('bqd,bkd->bqk', q, k)` multiplies elements whose named indices agree and adds up over the
 * indices that the output does not name. Letters name dimensions, `...` the others; without `->` the output has those
 * that occur once, in alphabetical order. A letter twice in one operand is its diagonal; sizes of 1 are repeated.
 * Operands are multiplied from left to right, as matrix products where an index is summed. float32.
 *
 * @throws {ArgumentError} for an equation that is none, {ShapeError} for operands that do not fit it
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  if (operands.length === 0) throw new ArgumentError('einsum: no tensors were given. Pass one for each term.');
  return einsumOp(Object.fromEntries(operands.map((t, i) => [`x${i}`, t])), { equation });
}
