import { ArgumentError } from '../../engine/index.ts';
import type { Translator } from '../model/translate.ts';

/**
 * Sees to it that both tokenizers have the marks that training needs, and that their padding is what the model hides:
 * with another `padId`, a real token would be hidden or padding be learnt, and nothing would say so.
 *
 * @throws {ArgumentError} naming the side and the ids
 */
export function checkMarks({ model, source, target }: Translator): void {
  const { padId } = model.config;
  for (const [side, tokenizer] of [['source', source] as const, ['target', target] as const]) {
    const [pad, ends] = [tokenizer.mark('pad'), tokenizer.mark('eos')];
    const begins = side === 'target' ? tokenizer.mark('bos') : null;
    if (pad !== padId) {
      throw new ArgumentError(
        `train: the ${side} tokenizer pads with id ${pad}, the model's padId is ${padId}. ` +
          'Make the model with the padId of its tokenizers; both must pad with the same id, as withMarks(file) sees to.',
      );
    }
    if (pad === ends || pad === begins) {
      throw new ArgumentError(
        `train: the ${side} tokenizer pads with its ${pad === ends ? 'end' : 'start'} mark, id ${pad}, which would be ` +
          "hidden. Name another token when loading it: { special: { pad: '…' } }.",
      );
    }
  }
}
