import { Option } from 'commander';
import { TOKENIZERS, type TokenizerName, type TokenizerSettings } from '../../text/tokenizer/settings.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Messages } from '../messages/index.ts';
import { choiceOption, numberOption } from './shared.ts';

/** What `heddle train` takes for them. */
export interface TokenizerFlags {
  readonly tokenizer?: TokenizerName;
  readonly sourceTokenizer?: TokenizerName;
  readonly targetTokenizer?: TokenizerName;
  readonly vocabSize?: number;
  readonly shareVocabulary?: boolean;
  readonly lowerCase?: boolean;
  readonly keepCase?: boolean;
  readonly tokenizerFile?: readonly string[];
}

/** More tokens than this are a typing error rather than a wish. */
const MOST_TOKENS = 10_000_000;
/** The four marks and something to say. */
const FEWEST_TOKENS = 5;

export function tokenizerOptions(say: Messages): Option[] {
  const names = Object.keys(TOKENIZERS);
  return [
    choiceOption('--tokenizer <name>', say.helpTokenizer(names.join(', ')), say, names),
    choiceOption('--source-tokenizer <name>', say.helpSourceTokenizer, say, names),
    choiceOption('--target-tokenizer <name>', say.helpTargetTokenizer, say, names),
    numberOption('--vocab-size <n>', say.helpVocabSize, say, FEWEST_TOKENS, MOST_TOKENS),
    new Option('--share-vocabulary', say.helpShareVocabulary),
    new Option('--lower-case', say.helpLowerCase),
    new Option('--keep-case', say.helpKeepCase),
    new Option('--tokenizer-file <file...>', say.helpTokenizerFile),
  ];
}

/** @throws {UsageError} for options that do not go together */
export function chosenTokenizers(flags: TokenizerFlags, { say }: Context): TokenizerSettings {
  const { tokenizer = null, shareVocabulary: shared = false, tokenizerFile: files = null } = flags;
  const refuse = (a: string, b: string): never => {
    throw new UsageError(say.oneOf(a, b));
  };
  if (flags.lowerCase && flags.keepCase) refuse('--lower-case', '--keep-case');
  if (files !== null) {
    const [other] = Object.entries({
      '--tokenizer': tokenizer,
      '--source-tokenizer': flags.sourceTokenizer,
      '--target-tokenizer': flags.targetTokenizer,
      '--vocab-size': flags.vocabSize,
      '--share-vocabulary': flags.shareVocabulary,
      '--lower-case': flags.lowerCase,
      '--keep-case': flags.keepCase,
    }).find(([, value]) => value !== undefined && value !== null) ?? [null];
    if (other !== null) refuse('--tokenizer-file', other);
    if (files.length > 2) throw new UsageError(say.tooManyTokenizers(`${files.length}`));
  }
  const source = flags.sourceTokenizer ?? tokenizer;
  const target = flags.targetTokenizer ?? tokenizer;
  if (shared && source !== target) throw new UsageError(say.sharedKinds(source ?? 'auto', target ?? 'auto'));
  return {
    source,
    target,
    size: flags.vocabSize ?? null,
    lowerCase: flags.lowerCase ? true : flags.keepCase ? false : null,
    shared,
    files,
  };
}

/** The options that give these settings. */
export function tokenizerArguments(settings: TokenizerSettings): readonly (readonly [string, readonly string[]])[] {
  const { source, target, size, lowerCase, shared, files } = settings;
  const options: [string, readonly string[]][] = [];
  if (files !== null) options.push(['--tokenizer-file', files]);
  if (source !== null && source === target) options.push(['--tokenizer', [source]]);
  else {
    if (source !== null) options.push(['--source-tokenizer', [source]]);
    if (target !== null) options.push(['--target-tokenizer', [target]]);
  }
  if (size !== null) options.push(['--vocab-size', [`${size}`]]);
  if (shared) options.push(['--share-vocabulary', []]);
  if (lowerCase !== null) options.push([lowerCase ? '--lower-case' : '--keep-case', []]);
  return options;
}
