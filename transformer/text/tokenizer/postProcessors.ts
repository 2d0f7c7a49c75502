import { FormatError } from '../../../engine/index.ts';
import { Fields } from './format.ts';

/** A token with its id and the text of a pair it belongs to (0 or 1). */
export interface Placed {
  readonly id: number;
  readonly token: string;
  readonly type: number;
}

/** Puts one text, or two, together with the marks a model expects; marks only where asked for. */
export type PostProcessor = (texts: readonly (readonly Placed[])[], marks: boolean) => (readonly Placed[])[];

/** Post-processors by the type that `tokenizer.json` names. */
const POST_PROCESSORS: Readonly<Record<string, (step: Fields) => PostProcessor>> = {
  TemplateProcessing: template,
  BertProcessing: (step) => bracketed(step, false),
  RobertaProcessing: (step) => bracketed(step, true),
  // moves the places of tokens in the text, which nobody asks for here
  ByteLevel: () => (texts) => [...texts],
  Sequence: (step) => {
    const steps = step.steps('processors').map(readPostProcessor);
    return (texts, marks) => steps.reduce((t, process) => process(t, marks), [...texts]);
  },
};

/** @throws {FormatError} for a type that is not supported */
export function readPostProcessor(step: Fields): PostProcessor {
  if (!Object.hasOwn(POST_PROCESSORS, step.type)) {
    throw step.unsupported('post-processor', Object.keys(POST_PROCESSORS));
  }
  return POST_PROCESSORS[step.type]!(step);
}

const typed = (tokens: readonly Placed[] | undefined, type: number): Placed[] =>
  tokens?.map((t) => ({ ...t, type })) ?? [];

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`; RoBERTa's has two marks between the texts, and one type. */
function bracketed(step: Fields, roberta: boolean): PostProcessor {
  const mark = (name: string): Placed => {
    const [token, id] = step.list(name);
    if (typeof token !== 'string' || typeof id !== 'number') throw step.wrong(name, step.raw(name), '[token, id]');
    return { id, token, type: 0 };
  };
  const [start, end] = [mark('cls'), mark('sep')];
  return ([a, b], marks) => {
    const put = (...tokens: Placed[]): Placed[] => (marks ? tokens : []);
    const result = [...put(start), ...typed(a, 0), ...put(end)];
    if (b === undefined) return [result];
    const type = roberta ? 0 : 1;
    return [[...result, ...(roberta ? put(end) : []), ...typed(b, type), ...put({ ...end, type })]];
  };
}

/** Texts and marks in the order of a template: `[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1`. */
function template(step: Fields): PostProcessor {
  const special = step.has('special_tokens') ? step.object('special_tokens') : new Fields({}, step.path);
  const read = (name: string): ((texts: readonly (readonly Placed[])[], marks: boolean) => Placed[])[] =>
    step.list(name).map((entry, i) => {
      const part = new Fields(entry, `${step.path}.${name}[${i}]`);
      if (part.has('Sequence')) {
        const sequence = part.object('Sequence');
        const index = sequence.string('id') === 'B' ? 1 : 0;
        const type = sequence.number('type_id', 0);
        return (texts) => typed(texts[index], type);
      }
      const mark = part.object('SpecialToken');
      const token = special.object(mark.string('id'));
      const type = mark.number('type_id', 0);
      const ids = token.list('ids') as readonly number[];
      const tokens = token.list('tokens') as readonly string[];
      if (ids.length !== tokens.length || ids.some((id) => typeof id !== 'number')) {
        throw new FormatError(`${token.path}: ${ids.length} ids for ${tokens.length} tokens, expected one for each.`);
      }
      return (_, marks) => (marks ? ids.map((id, j) => ({ id, token: tokens[j]!, type })) : []);
    });
  const single = read('single');
  const pair = step.has('pair') ? read('pair') : single;
  return (texts, marks) => [(texts.length > 1 ? pair : single).flatMap((part) => part(texts, marks))];
}
