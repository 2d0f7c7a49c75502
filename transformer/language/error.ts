import { HeddleError } from '../../engine/index.ts';
import type { Both } from './language.ts';

/** An error that can be said in both languages. `message` is the English text; a program for people shows `text` in theirs. */
export class BilingualError extends HeddleError {
  override readonly name: string = 'BilingualError';
  readonly text: Both<string>;

  constructor(text: Both<string>, options?: ErrorOptions) {
    super(text.en, options);
    this.text = text;
  }
}
