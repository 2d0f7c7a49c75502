import { say } from '../../language/language.ts';
import { sequenceTask } from './sequences.ts';

/** Puts numbers from 0 to 99 in order, equal ones as often as they come: where to look depends on what stands there. */
export const sort = sequenceTask({
  name: 'sort',
  describe: say('puts numbers from 0 to 99 in order', '将 0 到 99 的数从小到大排列'),
  symbols: Array.from({ length: 100 }, (_, n) => `${n}`),
  separator: ' ',
  tokenizers: { source: 'words', target: 'words' },
  answer: (sequence) => [...sequence].sort((a, b) => Number(a) - Number(b)),
  shown: ['31 41 59 26 53 58 97 93', '3 2 1', '50 5 50 5', '99 0'],
  steps: 2000,
  wanted: 0.99,
});
