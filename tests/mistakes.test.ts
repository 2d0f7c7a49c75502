/** What plain JavaScript lets a user write and TypeScript does not: each is an error that says what to write instead. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  AdamW,
  ArgumentError,
  add,
  backward,
  cat,
  DTypeError,
  full,
  Lion,
  matmul,
  OutOfMemoryError,
  RMSprop,
  rand,
  randn,
  SGD,
  ShapeError,
  softmax,
  type Tensor,
  tensor,
  zeros,
} from '../engine/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: this file is about what the types forbid
const any = (value: unknown): any => value;
const leaf = (): Tensor => tensor([1, 2], { requiresGrad: true });

const MISTAKES: readonly [string, () => unknown, new (message: string) => Error, RegExp][] = [
  ['a size for a shape', () => zeros(any(3)), ShapeError, /^zeros: the shape is the number 3.*Write zeros\(\[3\]\)/],
  ['sizes as arguments', () => randn(any(2), any(3)), ShapeError, /^randn: the shape is the number 2/],
  ['a size that is no number', () => full([2, any('3')], 0), ShapeError, /^full: the shape holds the string "3"/],
  ['a negative size', () => rand([-1]), ShapeError, /^rand: the shape holds the number -1/],
  ['an array for a value', () => full([2], any([1])), ArgumentError, /^full: the value is an array/],
  ['a tensor larger than memory', () => zeros([1e5, 1e5]), OutOfMemoryError, /^zeros: .*37\.25 GB.*at most 4\.00 GB/],
  ['an array to add', () => add(leaf(), any([1, 2, 3])), DTypeError, /^add: y is an array.*tensor\(\)/],
  ['a string to multiply with', () => leaf().mul(any('2')), DTypeError, /^mul: y is the string "2"/],
  ['an array to add to', () => add(any([1]), leaf()), DTypeError, /^add: x is an array/],
  ['an array in a product', () => matmul(leaf(), any([1, 2])), DTypeError, /^matmul: the right side is an array/],
  ['an array to normalise', () => softmax(any([1, 2])), DTypeError, /^softmax: x is an array/],
  ['an array to join', () => cat([leaf(), any([1])]), DTypeError, /^cat: x1 is an array/],
  ['words as values', () => tensor(any(['a'])), DTypeError, /^tensor: the values hold the string "a"/],
  ['nothing as a value', () => tensor(any([[1, undefined]])), DTypeError, /^tensor: the values hold undefined/],
  ['tensors as values', () => tensor(any([leaf(), leaf()])), DTypeError, /stack\(\)/],
  ['typed arrays in an array', () => tensor(any([new Float32Array(2)])), DTypeError, /a Float32Array.*shape/],
  ['a rate for options', () => new Adam([leaf()], any(0.1)), ArgumentError, /^Adam: .*the number 0\.1.*\{ lr: 0\.1 \}/],
  ['an unknown option', () => new SGD([leaf()], any({ learningRate: 1 })), ArgumentError, /learningRate.*lr, momentum/],
  ['the same in a group', () => new AdamW(any([{ params: [leaf()], decay: 1 }])), ArgumentError, /^AdamW: .*decay/],
  ['a rate, RMSprop', () => new RMSprop([leaf()], any(0.1)), ArgumentError, /^RMSprop: the options are/],
  ['one parameter', () => new Lion(any(leaf())), ArgumentError, /^Lion: the parameters are an object/],
  [
    'options of backward first',
    () =>
      leaf()
        .sum()
        .backward(any({ retainGraph: true })),
    ArgumentError,
    /^backward: .*an object with retainGraph.*backward\(undefined, \{ retainGraph: true \}\)/,
  ],
  ['a number as gradient', () => backward(leaf().sum(), any(1)), ArgumentError, /^backward: .*the number 1/],
];

describe('mistakes in plain JavaScript', () => {
  it.each(MISTAKES)('%s', (_name, make, kind, message) => {
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });
});
