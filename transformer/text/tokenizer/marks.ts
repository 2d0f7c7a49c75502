import { FormatError } from '../../../engine/index.ts';
import { addedToken } from './addedTokens.ts';
import type { AddedTokenConfig, StepConfig, TokenizerFile } from './format.ts';
import { SPECIAL, type SpecialRole, UNK } from './special.ts';
import { Tokenizer } from './tokenizer.ts';

/** The roles in the order of their ids. */
const ROLES: readonly SpecialRole[] = ['pad', 'bos', 'eos', 'unk'];
/** Which role keeps a token that serves two: one that ends a text may begin one elsewhere. */
const FIRST_COME: readonly SpecialRole[] = ['eos', 'unk', 'pad', 'bos'];

/**
 * The same tokenizer with the marks of a translator as its first tokens, as every vocabulary made here has them: padding 0,
 * start 1, end 2, unknown 3. Those that the file has move there under their own names (`[PAD]`, `[CLS]`, `[SEP]`,
 * `[UNK]`); those it lacks are added. Text falls into the same tokens as before, which only have other numbers; text that
 * the file would leave out becomes the unknown token. The result is a `tokenizer.json` like any other.
 *
 * @throws {FormatError} for a file that is wrong or asks for what is not supported
 */
export function withMarks(file: TokenizerFile, source = 'tokenizer'): Tokenizer {
  const before = new Tokenizer(file, {}, source);
  const names = markNames(before);
  const order = tokensInOrder(file, names);
  const ids = new Map(order.map((token, id) => [token, id]));
  const moved = (id: number): number => {
    const found = ids.get(before.vocabulary[id] ?? '');
    if (found === undefined) throw new FormatError(`${source}: id ${id} has no token. The file is damaged.`);
    return found;
  };
  const after: TokenizerFile = {
    ...file,
    added_tokens: movedAdded(file.added_tokens ?? [], names, ids),
    padding: movedPadding(file.padding, moved),
    post_processor: file.post_processor ? movedProcessor(file.post_processor, moved) : null,
    model: movedModel(file.model, names, order),
  };
  const tokenizer = new Tokenizer(after, {}, source);
  if (ROLES.some((role, id) => tokenizer.special[role] !== id)) {
    throw new FormatError(
      `${source}: marks ${names.join(' ')} cannot be told from other tokens. Rename those in the file that are no marks.`,
    );
  }
  return tokenizer;
}

/** The name of each mark, by id. */
function markNames({ special, vocabulary }: Tokenizer): string[] {
  const names = new Map<SpecialRole, string>();
  const taken = new Set<string>();
  for (const role of FIRST_COME) {
    const id = special[role];
    let name = id === null ? '' : vocabulary[id]!;
    if (name === '' || taken.has(name)) name = SPECIAL[ROLES.indexOf(role)]!;
    // somebody else's by chance
    while (taken.has(name)) name = `<${name}>`;
    taken.add(name);
    names.set(role, name);
  }
  return ROLES.map((role) => names.get(role)!);
}

/** The model's own tokens by id. */
function modelTokens({ vocab }: TokenizerFile['model']): string[] {
  if (Array.isArray(vocab)) return vocab.map(([token]: [string]) => token);
  return Object.entries(vocab as Record<string, number>)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
}

/** Marks first, then the model's tokens, then those that were only added: as the format counts them. */
function tokensInOrder({ model, added_tokens }: TokenizerFile, names: readonly string[]): string[] {
  const own = modelTokens(model);
  const held = new Set([...names, ...own]);
  const added = [...(added_tokens ?? [])].sort((a, b) => a.id - b.id).map(({ content }) => content);
  return [...names, ...own.filter((token) => !names.includes(token)), ...added.filter((token) => !held.has(token))];
}

/** The marks are in the model's vocabulary, as the format wants it of added tokens with low ids. */
function movedModel(
  model: TokenizerFile['model'],
  names: readonly string[],
  order: readonly string[],
): TokenizerFile['model'] {
  const { vocab } = model;
  const own = order.slice(0, new Set([...names, ...modelTokens(model)]).size);
  if (Array.isArray(vocab)) {
    const scores = new Map(vocab as [string, number][]);
    return { ...model, vocab: own.map((token) => [token, scores.get(token) ?? 0]), unk_id: UNK };
  }
  return { ...model, vocab: Object.fromEntries(own.map((token, id) => [token, id])), unk_token: names[UNK]! };
}

function movedAdded(
  added: readonly AddedTokenConfig[],
  names: readonly string[],
  ids: ReadonlyMap<string, number>,
): AddedTokenConfig[] {
  const known = new Map(added.map((token) => [token.content, token]));
  const marks = names.map((name, id) => ({ ...(known.get(name) ?? addedToken(id, name)), id, special: true }));
  const others = [...known.values()].filter(({ content }) => !names.includes(content));
  const moved = others.map((token) => ({ ...token, id: ids.get(token.content)! }));
  return [...marks, ...moved.sort((a, b) => a.id - b.id)];
}

function movedPadding(padding: unknown, moved: (id: number) => number): unknown {
  const id = (padding as { pad_id?: unknown } | null | undefined)?.pad_id;
  return typeof id === 'number' ? { ...(padding as object), pad_id: moved(id) } : (padding ?? null);
}

/** Post-processors name marks by token and id. */
function movedProcessor(step: StepConfig, moved: (id: number) => number): StepConfig {
  const bracket = ([token, id]: [string, number]): [string, number] => [token, moved(id)];
  switch (step.type) {
    case 'Sequence':
      return { ...step, processors: (step['processors'] as StepConfig[]).map((inner) => movedProcessor(inner, moved)) };
    case 'BertProcessing':
    case 'RobertaProcessing':
      return {
        ...step,
        sep: bracket(step['sep'] as [string, number]),
        cls: bracket(step['cls'] as [string, number]),
      };
    case 'TemplateProcessing': {
      const marks = Object.entries((step['special_tokens'] ?? {}) as Record<string, { ids: number[] }>);
      const special = marks.map(([name, mark]) => [name, { ...mark, ids: mark.ids.map(moved) }]);
      return { ...step, special_tokens: Object.fromEntries(special) };
    }
    default:
      return step;
  }
}
