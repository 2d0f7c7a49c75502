import { escaped, SPACE, trimEnd, WORD } from './characters.ts';
import type { AddedTokenConfig, Fields } from './format.ts';
import type { Normalizer } from './normalizers.ts';

/** A token that is looked for in the text before anything else. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly singleWord: boolean;
  readonly takesBefore: boolean;
  readonly takesBehind: boolean;
}

/** A stretch of text between added tokens, or one of them. */
export type Section = { readonly text: string; readonly first: boolean } | AddedToken;

export const isAdded = (section: Section): section is AddedToken => 'id' in section;

export function readAddedTokens(file: Fields): AddedToken[] {
  if (!file.has('added_tokens')) return [];
  return file.steps('added_tokens').map((token) => {
    const special = token.boolean('special', false);
    return {
      id: token.number('id'),
      content: token.string('content'),
      special,
      normalized: token.boolean('normalized', !special),
      singleWord: token.boolean('single_word', false),
      takesBefore: token.boolean('lstrip', false),
      takesBehind: token.boolean('rstrip', false),
    };
  });
}

/** An added token in the form of the file. */
export const addedToken = (id: number, content: string): AddedTokenConfig => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** Normalizes a text and finds the added tokens in it: some before, some after it is normalized. */
export function finder(
  tokens: readonly AddedToken[],
  normalize: Normalizer,
): (text: string, special?: boolean) => Section[] {
  const contents = tokens.filter((t) => t.content !== '');
  const findRaw = search(contents.filter((t) => !t.normalized).map((t) => [t.content, t]));
  const findNormalized = search(contents.filter((t) => t.normalized).map((t) => [normalize(t.content), t]));
  return (text, special = true) =>
    findRaw(text, true, special).flatMap((section) =>
      isAdded(section) ? [section] : findNormalized(normalize(section.text), section.first, special),
    );
}

const wordAtEnd = new RegExp(`[${WORD}]$`, 'u');
const wordAtStart = new RegExp(`^[${WORD}]`, 'u');
const spaceAtStart = new RegExp(`^[${SPACE}]*`, 'u');

/** Cuts text at tokens: of those that begin at one place, the longest. */
function search(
  entries: readonly (readonly [string, AddedToken])[],
): (text: string, first: boolean, special: boolean) => Section[] {
  const byContent = new Map(entries.filter(([content]) => content !== ''));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  return (text, first, special) => {
    const sections: Section[] = [];
    let end = 0;
    const add = (stop: number): void => {
      if (stop > end) sections.push({ text: text.slice(end, stop), first: first && end === 0 });
    };
    for (const found of pattern === null ? [] : text.matchAll(pattern)) {
      const token = byContent.get(found[0])!;
      const before = text.slice(end, found.index);
      const behind = text.slice(found.index + found[0].length);
      if (token.special && !special) continue;
      if (token.singleWord && (wordAtEnd.test(text.slice(0, found.index)) || wordAtStart.test(behind))) continue;
      // what the token before has taken is gone
      if (found.index < end) continue;
      add(token.takesBefore ? end + trimEnd(before).length : found.index);
      sections.push(token);
      end = found.index + found[0].length + (token.takesBehind ? spaceAtStart.exec(behind)![0].length : 0);
    }
    add(text.length);
    return sections;
  };
}
