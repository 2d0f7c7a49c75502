import { ArgumentError } from '../../engine/index.ts';
import type { Translator } from '../model/translate.ts';
import type { Tokenizer } from '../text/tokenizer/index.ts';

/**
 * Checks that both tokenizers have the special tokens that training needs, and that their padding is what the model masks.
 * With another `padId` a real token would be masked, or padding be learnt, without any error.
 *
 * @throws {ArgumentError} naming the side and the ids
 */
export function checkSpecialTokens({ model, source, target }: Translator): void {
  const { padId } = model.config;
  checkPadding('source ', source, padId, ['eos']);
  checkPadding('target ', target, padId, ['bos', 'eos']);
}

/**
 * The same of one tokenizer; `side` names it in messages.
 *
 * @throws {ArgumentError} naming the side and the ids
 */
export function checkPadding(
  side: '' | 'source ' | 'target ',
  tokenizer: Tokenizer,
  padId: number,
  others: readonly ('bos' | 'eos')[] = ['bos', 'eos'],
): void {
  const pad = tokenizer.mark('pad');
  const same = others.find((role) => tokenizer.mark(role) === pad);
  if (pad !== padId) {
    throw new ArgumentError(
      `train: the ${side}tokenizer pads with id ${pad}, the model's padId is ${padId}. ` +
        'Make the model with the padId of its tokenizers; both must pad with the same id, as withMarks(file) sees to.',
    );
  }
  if (same !== undefined) {
    throw new ArgumentError(
      `train: the ${side}tokenizer pads with its ${same === 'eos' ? 'end' : 'start'} token, id ${pad}, which would be ` +
        "masked. Name another token when loading it: { special: { pad: '…' } }.",
    );
  }
}
