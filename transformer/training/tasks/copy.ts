import { say } from '../../language/language.ts';
import { LETTERS, sequenceTask } from './sequences.ts';

/** Writes what it reads: the least that attention from decoder to encoder must learn, one place after another. */
export const copy = sequenceTask({
  name: 'copy',
  describe: say('writes the letters and digits that it reads', '照抄读到的字母和数字'),
  symbols: [...LETTERS, ...'0123456789'],
  separator: '',
  tokenizers: { source: 'characters', target: 'characters' },
  answer: (sequence) => sequence,
  shown: ['heddle2025', 'abc', 'zzzzzz', '7f3k09qwm1xz'],
  steps: 600,
  wanted: 0.99,
});
