import { ArgumentError } from '../../engine/index.ts';
import type { Translator } from '../model/translate.ts';

/**
 * Checks that both tokenizers have the special tokens that training needs, and that their padding is what the model masks.
 * With another `padId` a real token would be masked, or padding be learnt, without any error.
 *
 * @throws {ArgumentError} naming the side and the ids
 */
export function checkSpecialTokens({ model, source, target }: Translator): void {
  const { padId } = model.config;
  for (const [side, tokenizer] of [['source', source] as const, ['target', target] as const]) {
    const [pad, eos] = [tokenizer.mark('pad'), tokenizer.mark('eos')];
    const bos = side === 'target' ? tokenizer.mark('bos') : null;
    if (pad !== padId) {
      throw new ArgumentError(
        `train: the ${side} tokenizer pads with id ${pad}, the model's padId is ${padId}. ` +
          'Make the model with the padId of its tokenizers; both must pad with the same id, as withMarks(file) sees to.',
      );
    }
    if (pad === eos || pad === bos) {
      throw new ArgumentError(
        `train: the ${side} tokenizer pads with its ${pad === eos ? 'end' : 'start'} token, id ${pad}, which would be ` +
          "masked. Name another token when loading it: { special: { pad: '…' } }.",
      );
    }
  }
}
