import { FormatError } from '../../../engine/index.ts';
import { DIGIT, escaped, SPACE, WORD } from './characters.ts';

/** Outside brackets, Oniguruma's `\w` also takes the numbers of Latin-1: ² ³ ¹ ¼ ½ ¾. */
const LOOSE_WORD = `[${WORD}\\u00B2\\u00B3\\u00B9\\u00BC-\\u00BE]`;
const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';

/** Escapes of one letter outside brackets. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: `(?=\\n?${END})`,
  h: '[0-9A-Fa-f]',
  H: '[^0-9A-Fa-f]',
  w: LOOSE_WORD,
  W: `[^${LOOSE_WORD.slice(1)}`,
  d: DIGIT,
  D: `[^${DIGIT}]`,
  s: SPACE,
  S: `[^${SPACE}]`,
  b: `(?:(?<!${LOOSE_WORD})(?=${LOOSE_WORD})|(?<=${LOOSE_WORD})(?!${LOOSE_WORD}))`,
  B: `(?:(?<!${LOOSE_WORD})(?!${LOOSE_WORD})|(?<=${LOOSE_WORD})(?=${LOOSE_WORD}))`,
  R: '(?:\\r\\n|[\\n-\\r\\u0085\\u2028\\u2029])',
};

/** Escapes of one letter inside brackets. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  h: '0-9A-Fa-f',
  H: '[^0-9A-Fa-f]',
  w: WORD,
  W: `[^${WORD}]`,
  d: DIGIT,
  D: `[^${DIGIT}]`,
  s: SPACE,
  S: `[^${SPACE}]`,
};

/** Escapes that stand for one character. */
const CHARACTERS: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
};

/** The names of POSIX, `[[:alpha:]]` and `\p{Alpha}`. */
const POSIX: Readonly<Record<string, string>> = {
  alpha: '\\p{Alphabetic}',
  alnum: '\\p{Alphabetic}\\p{Nd}',
  ascii: '\\u0000-\\u007F',
  blank: '\\t\\p{Zs}',
  cntrl: '\\p{Cc}',
  digit: DIGIT,
  graph: '[\\p{Any}--[\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]]',
  lower: '\\p{Lowercase}',
  punct: '\\p{P}\\p{S}',
  space: SPACE,
  upper: '\\p{Uppercase}',
  word: WORD,
  xdigit: '0-9A-Fa-f',
};

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

/**
 * A pattern in the syntax of Oniguruma (K. Kosako's library, in its Ruby syntax, as `tokenizer.json` writes patterns) as
 * a JavaScript one with the flags `gv`. Sets of characters are Unicode's; `(?i:…)`, possessive quantifiers, atomic groups,
 * nested classes and intersections are written out in what JavaScript has.
 *
 * @throws {FormatError} for what has no counterpart (`(?x)`, `\G`, `\K`, `\X`, conditions)
 */
export function compileRegex(pattern: string, where: string): RegExp {
  try {
    return new RegExp(new Translation(pattern).all(), 'gv');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(`${where}: the pattern ${JSON.stringify(pattern)} is not supported: ${error.message}.`);
  }
}

/** One pattern on its way: a recursive descent over its characters. */
class Translation {
  readonly #source: readonly string[];
  #at = 0;
  #atomic = 0;

  constructor(pattern: string) {
    this.#source = Array.from(pattern);
  }

  all(): string {
    const result = this.#alternatives({ ignoreCase: false, dotAll: false });
    if (this.#at < this.#source.length) throw new SyntaxError('a ) too many');
    return result;
  }

  /** Up to the end or the closing parenthesis, which stays. */
  #alternatives(flags: Flags): string {
    let inner = flags;
    let result = '';
    let atom: string | null = null;
    while (this.#at < this.#source.length && this.#peek() !== ')') {
      const quantifier = atom === null ? null : this.#quantifier();
      if (quantifier !== null) {
        atom = this.#repeated(atom!, quantifier);
        continue;
      }
      result += atom ?? '';
      atom = null;
      const switched = this.#switch(inner);
      if (switched !== null) {
        // a switch holds to the end of the group, further alternatives included
        inner = switched;
      } else if (this.#take('|')) {
        result += '|';
      } else {
        atom = this.#atom(inner);
      }
    }
    return result + (atom ?? '');
  }

  /** `(?i)` without a group of its own. */
  #switch(flags: Flags): Flags | null {
    const found = /^\(\?([a-z]*)(?:-([a-z]*))?\)/.exec(this.#ahead(16));
    if (found === null) return null;
    this.#at += found[0].length;
    return setFlags(flags, found[1]!, found[2] ?? '');
  }

  #quantifier(): string | null {
    const found = /^(?:[*+?][?+]?|\{\d+(?:,\d*)?\}\??|\{,\d+\}\??)/.exec(this.#ahead(24));
    if (found === null) return null;
    this.#at += found[0].length;
    return found[0].replace('{,', '{0,');
  }

  #repeated(atom: string, quantifier: string): string {
    const possessive = quantifier.length === 2 && quantifier[1] === '+';
    const result = `(?:${atom})${possessive ? quantifier[0] : quantifier}`;
    return possessive ? this.#atomically(result) : `(?:${result})`;
  }

  /** A group that is never entered again: a lookahead is not, so look first, then take what was seen. */
  #atomically(body: string): string {
    const name = `_atomic${this.#atomic++}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  }

  #atom(flags: Flags): string {
    const c = this.#next();
    if (c === '(') return this.#group(flags);
    if (c === '[') return this.#class(flags);
    if (c === '.') return flags.dotAll ? '[\\s\\S]' : '[^\\n]';
    if (c === '^') return `(?:${START}|(?<=\\n)(?=[\\s\\S]))`;
    if (c === '$') return '(?![^\\n])';
    if (c !== '\\') return literal(c, flags);
    const e = this.#next();
    if (e === 'p' || e === 'P') return `[${this.#property(e)}]`;
    if (e in ESCAPES) return ESCAPES[e]!;
    if (e === 'k' && this.#take('<')) return `\\k<${this.#until('>')}>`;
    if (/[1-9]/.test(e)) {
      if (this.#atomic > 0) throw new SyntaxError('a back reference beside an atomic group');
      return `\\${e}`;
    }
    return literal(this.#character(e), flags);
  }

  #group(flags: Flags): string {
    const close = (open: string, inner = flags): string => {
      const body = this.#alternatives(inner);
      if (!this.#take(')')) throw new SyntaxError('a ) is missing');
      return open === '(?>' ? this.#atomically(body) : `${open}${body})`;
    };
    for (const open of ['?:', '?=', '?!', '?<=', '?<!', '?>']) if (this.#take(open)) return close(`(${open}`);
    if (this.#take('?#')) return this.#until(')').slice(0, 0);
    if (this.#take('?<')) return close(`(?<${this.#until('>')}>`);
    const found = /^\?([a-z]*)(?:-([a-z]*))?:/.exec(this.#ahead(16));
    if (found !== null) {
      this.#at += found[0].length;
      return close('(?:', setFlags(flags, found[1]!, found[2] ?? ''));
    }
    if (this.#peek() === '?') throw new SyntaxError(`the group (${this.#ahead(3)}`);
    return close('(');
  }

  /** A class, after its `[`. */
  #class(flags: Flags): string {
    const negated = this.#take('^');
    const operands = [''];
    const add = (part: string): void => {
      operands[operands.length - 1] += part;
    };
    for (let first = true; ; first = false) {
      if (this.#at >= this.#source.length) throw new SyntaxError('a ] is missing');
      if (!first && this.#take(']')) break;
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#ahead(16));
      if (posix !== null) {
        this.#at += posix[0].length;
        add(`[${posix[1]}${named(posix[2]!)}]`);
      } else if (this.#take('[')) add(this.#class(flags));
      else if (this.#take('&&')) operands.push('');
      else add(this.#members(flags));
    }
    const body = operands.length === 1 ? operands[0]! : operands.map((o) => `[${o}]`).join('&&');
    return `[${negated ? '^' : ''}${body}]`;
  }

  /** An escape, a character or a range inside a class. */
  #members(flags: Flags): string {
    const low = this.#classCharacter();
    if (low.length > 1 && low.startsWith('set:')) return low.slice(4);
    const [dash, after] = this.#ahead(2);
    if (dash !== '-' || after === undefined || after === ']' || after === '[') return member(low, low, flags);
    this.#at++;
    const high = this.#classCharacter();
    if (high.startsWith('set:') && high.length > 1) return `${member(low, low, flags)}\\-${high.slice(4)}`;
    return member(low, high, flags);
  }

  /** One character, or `set:` and the body of a class. */
  #classCharacter(): string {
    const c = this.#next();
    if (c !== '\\') return c;
    const e = this.#next();
    if (e === 'p' || e === 'P') return `set:${this.#property(e)}`;
    if (e in CLASS_ESCAPES) return `set:${CLASS_ESCAPES[e]}`;
    return e === 'b' ? '\b' : this.#character(e);
  }

  /** The character of an escape, after `\` and its letter. */
  #character(e: string): string {
    if (e in CHARACTERS) return CHARACTERS[e]!;
    if (e === 'x' && this.#take('{')) return String.fromCodePoint(Number.parseInt(this.#until('}'), 16));
    const digits = e === 'x' ? /^[0-9A-Fa-f]{1,2}/ : e === 'u' ? /^[0-9A-Fa-f]{4}/ : e === '0' ? /^[0-7]{0,2}/ : null;
    const found = digits?.exec(this.#ahead(4));
    if (found) {
      this.#at += found[0].length;
      return String.fromCodePoint(Number.parseInt(found[0] || '0', e === '0' ? 8 : 16));
    }
    if (/[A-Za-z0-9]/.test(e)) throw new SyntaxError(`the escape \\${e}`);
    return e;
  }

  /** `{Name}`, `{^Name}` or one letter, after `\p`, as the body of a class. */
  #property(p: string): string {
    const name = this.#take('{') ? this.#until('}') : this.#next();
    const negated = (p === 'P') !== name.startsWith('^');
    const body = named(name.replace(/^\^/, ''));
    return negated ? `[^${body}]` : body;
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #ahead(length: number): string {
    return this.#source.slice(this.#at, this.#at + length).join('');
  }

  #next(): string {
    const c = this.#source[this.#at++];
    if (c === undefined) throw new SyntaxError('it ends too early');
    return c;
  }

  #take(text: string): boolean {
    const found = this.#ahead(text.length) === text;
    if (found) this.#at += text.length;
    return found;
  }

  #until(end: string): string {
    const stop = this.#source.indexOf(end, this.#at);
    if (stop < 0) throw new SyntaxError(`a ${end} is missing`);
    const text = this.#source.slice(this.#at, stop).join('');
    this.#at = stop + 1;
    return text;
  }
}

function setFlags(flags: Flags, on: string, off: string): Flags {
  const other = /[^im]/.exec(on + off);
  if (other !== null) throw new SyntaxError(`the flag ${other[0]}`);
  const now = (flag: string, before: boolean): boolean => (on.includes(flag) || before) && !off.includes(flag);
  // in Ruby's syntax `m` lets the point match a line's end
  return { ignoreCase: now('i', flags.ignoreCase), dotAll: now('m', flags.dotAll) };
}

/** The body of a class for the name of a category, a script or a POSIX class. */
function named(name: string): string {
  const posix = POSIX[name.toLowerCase()];
  if (posix !== undefined) return posix;
  const capital = name
    .toLowerCase()
    .replace(/(^|[_ -])([a-z])/g, (_, gap: string, c: string) => `${gap && '_'}${c.toUpperCase()}`);
  for (const spelled of [name, capital]) {
    for (const property of [`\\p{${spelled}}`, `\\p{Script=${spelled}}`]) {
      try {
        new RegExp(property, 'v');
        return property;
      } catch {
        // the next spelling
      }
    }
  }
  throw new SyntaxError(`the property ${name}`);
}

const point = (c: string): string => `\\u{${c.codePointAt(0)!.toString(16)}}`;

/** The other cases of a character, those far from it in Unicode too: ſ for s, the Kelvin sign for k. */
function otherCases(c: string): string[] {
  const same = new RegExp(`^${escaped(c)}$`, 'iu');
  const candidates = new Set([c.toLowerCase(), c.toUpperCase(), 'ſ', '\u212a', '\u212b']);
  return [...candidates].filter((o) => o !== c && same.test(o));
}

function literal(c: string, { ignoreCase }: Flags): string {
  const others = ignoreCase ? otherCases(c) : [];
  return others.length === 0 ? escaped(c) : `[${[c, ...others].map(point).join('')}]`;
}

/** Ranges longer than this, of scripts without case as a rule, keep their case. */
const LONG_RANGE = 1024;

function member(low: string, high: string, { ignoreCase }: Flags): string {
  let result = low === high ? point(low) : `${point(low)}-${point(high)}`;
  const [from, to] = [low.codePointAt(0)!, high.codePointAt(0)!];
  if (ignoreCase && to - from < LONG_RANGE) {
    for (let code = from; code <= to; code++) result += otherCases(String.fromCodePoint(code)).map(point).join('');
  }
  return result;
}
