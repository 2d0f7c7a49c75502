import { say } from '../../language/language.ts';
import { LETTERS, sequenceTask } from './sequences.ts';

/** Writes the last letter first: the place to look at moves against the direction of writing. */
export const reverse = sequenceTask({
  name: 'reverse',
  describe: say('writes the letters that it reads in reverse', '倒序写出读到的字母'),
  symbols: LETTERS,
  separator: '',
  tokenizers: { source: 'characters', target: 'characters' },
  answer: (sequence) => [...sequence].reverse(),
  shown: ['heddle', 'weaver', 'abcdefghijkl', 'noon'],
  steps: 1000,
  wanted: 0.99,
});
