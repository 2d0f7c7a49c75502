import { ArgumentError, type HostTensor, type StateDict } from '../../engine/index.ts';

/** How messages name a state: by its place, and by its name where one was given. */
const nameOf = (names: readonly string[] | undefined, i: number): string => names?.[i] ?? `state ${i}`;

/**
 * The mean of several state dicts of one model, value by value, in float64: what Vaswani et al. 2017 (section 6.1) do with
 * the last 5 checkpoints (base) or 20 (big), some 10 minutes apart. Load the result into a model of the same shape.
 *
 *     model.loadStateDict(averageStateDicts([a, b, c]));
 *
 * @param names of the states, for messages
 * @throws {ArgumentError} for no states, and for states of different models, naming what differs
 */
export function averageStateDicts(states: readonly StateDict[], names?: readonly string[]): Record<string, HostTensor> {
  const [first, ...rest] = states;
  if (first === undefined) throw new ArgumentError('averageStateDicts: no states. Give at least one.');
  for (const [i, other] of rest.entries()) checkAlike(first, other, nameOf(names, 0), nameOf(names, i + 1));
  const averaged: Record<string, HostTensor> = {};
  for (const [name, { shape, dtype, data }] of Object.entries(first)) {
    if (dtype !== 'float32') {
      throw new ArgumentError(`averageStateDicts: ${name} is ${dtype}, expected float32. Only weights have a mean.`);
    }
    const sum = Float64Array.from(data as Float32Array);
    for (const other of rest) {
      const values = other[name]!.data;
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
    }
    averaged[name] = { shape, dtype, data: Float32Array.from(sum, (v) => v / states.length) };
  }
  return averaged;
}

function checkAlike(a: StateDict, b: StateDict, nameA: string, nameB: string): void {
  const fail = (what: string): never => {
    throw new ArgumentError(`averageStateDicts: ${what}. Average checkpoints of one model.`);
  };
  const missing = [...Object.keys(a).filter((name) => !(name in b)), ...Object.keys(b).filter((name) => !(name in a))];
  if (missing.length > 0) {
    const [name = ''] = missing;
    const [has, lacks] = name in a ? [nameA, nameB] : [nameB, nameA];
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    fail(`${has} has ${name}${more}, ${lacks} has not`);
  }
  for (const [name, { shape, dtype }] of Object.entries(a)) {
    const other = b[name]!;
    if (`${shape}` !== `${other.shape}` || dtype !== other.dtype) {
      fail(`${name} is ${dtype} [${shape}] in ${nameA} and ${other.dtype} [${other.shape}] in ${nameB}`);
    }
  }
}
