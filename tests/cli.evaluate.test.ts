import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { corpusBleu, corpusChrf } from '../transformer/index.ts';
import { type CallOptions, commandLine } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();
const path = (name: string): string => join(folder, name);

/** A tiny run, far from done: what it writes is wrong often enough to have scores worth comparing. */
const RUN = path('run');
const DEVICE = ['--backend', 'wasm', '--threads', '1', '--deterministic'];
const evaluate = (...args: string[]) => ['evaluate', '--model', RUN, ...DEVICE, ...args];
const translate = (...args: string[]) => ['translate', '--model', RUN, ...DEVICE, ...args];

const ANIMALS = [...'猫狗鸟鱼马'].map((zh, i) => [['cat', 'dog', 'bird', 'fish', 'horse'][i]!, zh] as const);
const DEEDS = ['睡觉', '跑', '吃', '坐', '等', '唱歌'].map(
  (zh, i) => [['sleeps', 'runs', 'eats', 'sits', 'waits', 'sings'][i]!, zh] as const,
);
const WAYS = [
  ['', ''],
  [' well', '得好'],
  [' in the big house', '在大房子里'],
] as const;
const PAIRS = ANIMALS.flatMap(([animal, 动物]) =>
  DEEDS.flatMap(([deed, 事]) => WAYS.map(([way, 样]) => [`the ${animal} ${deed}${way}`, `${动物}${样}${事}`] as const)),
);

/** Some sentences twice or three times, as in real files: with another translation, the same one, other spaces. */
const HELD_OUT = [
  ['the dog runs in the big house', '狗在大房子里跑'],
  ['the cat sleeps', '猫睡觉'],
  ['the dog runs in the big house', '大房子里狗在跑'],
  ['the bird sings well', '鸟唱歌唱得好'],
  ['the  cat sleeps', '猫在睡觉'],
  ['the cat sleeps', '猫睡觉'],
  ['the horse waits in the big house', '马在大房子里等'],
  ['a fish', '鱼'],
] as const;
const SOURCES = [...new Set(HELD_OUT.map(([source]) => source.replace(/ +/g, ' ')))];
const REFERENCES = [
  ['狗在大房子里跑', '大房子里狗在跑'],
  ['猫睡觉', '猫在睡觉'],
  ['鸟唱歌唱得好'],
  ['马在大房子里等'],
  ['鱼'],
];

const tsv = (pairs: readonly (readonly [string, string])[]): string => pairs.map((p) => `${p.join('\t')}\n`).join('');
const lines = (file: string): string[] => readFileSync(path(file), 'utf8').split('\n').slice(0, -1);

beforeAll(async () => {
  writeFileSync(path('pairs.tsv'), tsv(PAIRS));
  writeFileSync(path('held-out.tsv'), tsv(HELD_OUT));
  const train = ['train', ...DEVICE, '--preset', 'tiny', '--data', 'pairs.tsv', '--steps', '40', '--out', 'run'];
  const { code, stderr } = await heddle(train);
  if (code !== 0) throw new Error(stderr);
});

describe('heddle evaluate', () => {
  it('gives the scores of the translations it wrote, against all references, as one JSON object', async () => {
    const { code, stdout, stderr } = await heddle(evaluate('--data', 'held-out.tsv', '--json', '--batch', '2'));
    expect(code).toBe(0);
    expect(stderr).toMatch(/^translating 2\/5 {2}[\d,]+ tokens\/s/m);
    const result = JSON.parse(stdout);
    const hypotheses = lines('run/hypotheses.txt');
    const bleu = corpusBleu(hypotheses, REFERENCES, { tokenize: 'zh' });
    expect(bleu.score).toBeGreaterThan(1);
    expect(bleu.score).toBeLessThan(99);
    expect(result.scores).toEqual({
      bleu: { ...bleu },
      chrf: { ...corpusChrf(hypotheses, REFERENCES) },
      'chrf++': { ...corpusChrf(hypotheses, REFERENCES, { wordOrder: 2 }) },
      exactMatch: {
        right: hypotheses.filter((h, i) => REFERENCES[i]!.includes(h)).length,
        score: (hypotheses.filter((h, i) => REFERENCES[i]!.includes(h)).length * 100) / 5,
      },
    });
    expect(bleu.signature).toMatch(/^nrefs:var\|case:mixed\|eff:no\|tok:zh\|smooth:exp\|version:[\d.]+-heddle$/);
    expect(result).toMatchObject({ sentences: 5, references: 7, step: 40, decoding: { method: 'greedy' } });
    expect(result.report).toMatchObject({ lines: 8, kept: 8, bad: {} });
    // one translation for each sentence, in the order of the file, whatever the batches
    const alone = await heddle(translate(), { input: `${SOURCES.join('\n')}\n` });
    expect(hypotheses).toEqual(alone.stdout.split('\n').slice(0, -1));
    expect(new Set(hypotheses).size).toBeGreaterThan(2);
  });

  it('translates the same greedily as with a beam of 1, and other things by a beam, by limits and by chance', async () => {
    const written = async (...args: string[]): Promise<string[]> => {
      const { code, stderr, stdout } = await heddle(
        evaluate('--data', 'held-out.tsv', '--json', '--output', 'out.txt', ...args),
      );
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout).hypotheses).toBe('out.txt');
      return [...lines('out.txt'), JSON.stringify(JSON.parse(stdout).decoding)];
    };
    const greedy = (await written()).slice(0, 5);
    expect((await written('--beam', '1')).slice(0, 5)).toEqual(greedy);
    const short = await written('--max-length', '2', '--no-repeat-ngram', '1');
    expect(short.slice(0, 5).every((text) => [...text].length <= 2)).toBe(true);
    expect(short[5]).toBe('{"method":"greedy","maxLength":2,"noRepeatNgram":1}');
    const drawn = await written('--temperature', '3', '--seed', '7');
    expect(drawn.slice(0, 5)).not.toEqual(greedy);
    expect(drawn[5]).toBe('{"method":"sampling","temperature":3,"seed":7}');
    expect(await written('--temperature', '3', '--seed', '7')).toEqual(drawn);
  });

  it('tests on what the run set aside, with the scores that training told', async () => {
    const { test } = JSON.parse(readFileSync(path('run/samples.json'), 'utf8'));
    expect(test.total).toBe(4);
    const { code, stdout } = await heddle(evaluate('--test', '--json', '--output', 'aside.txt'));
    expect(code).toBe(0);
    const { sentences, scores } = JSON.parse(stdout);
    expect(sentences).toBe(4);
    expect(scores.bleu).toMatchObject(test.bleu);
    expect(scores.chrf).toMatchObject(test.chrf);
  });

  it('tells people the scores, bad lines and what the vocabularies lack, with line numbers, in both languages', async () => {
    writeFileSync(
      path('odd.jsonl'),
      '{"source":"the 𠮷 cat","target":"猫囧"}\n{"source":1}\n{"source":"a","target":"。"}\n',
    );
    const args = evaluate(
      '--data',
      'odd.jsonl',
      '--limit',
      '1',
      '--bleu-tokenize',
      'none',
      '--beam',
      '3',
      '--lower-case',
    );
    const { code, stdout, stderr } = await heddle(args);
    expect(code).toBe(0);
    expect(stderr).toContain('left out 1 bad line: 1 without the text of both keys (line 2)');
    expect(stderr).toContain('lacks, read as <unk>: 𠮷 (1; line 1).');
    expect(stderr).toContain('so no translation can have them: 囧 (1; line 1).');
    expect(stdout).toMatch(/odd\.jsonl: 1 sentences?, 1 references?\n/);
    expect(stdout).toMatch(/decoding +beam 3, length penalty 0\.6\n/);
    expect(stdout).toMatch(/BLEU +\d+\.\d\d {2}\([\d./]+, brevity penalty [\d.]+\)\n +nrefs:1\|case:lc\|.*tok:none/);
    expect(stdout).toMatch(/chrF2 +\d+\.\d\d\n[\s\S]*chrF2\+\+ +\d+\.\d\d\n/);
    const chinese = await heddle([...args, '--lang', 'zh']);
    expect(chinese.stdout).toMatch(/解码 +束宽 3, 长度惩罚 0\.6\n/);
    expect(chinese.stderr).toContain('译文不可能包含：囧 (1；第 1 行)。');
  });

  it('says in one line what is wrong', async () => {
    await expectLine(evaluate(), /Expected --data FILE, or --test/);
    await expectLine(evaluate('--test', '--data', 'held-out.tsv'), /--data does not go with --test/);
    await expectLine(evaluate('--data', 'held-out.tsv', '--output', 'no/where.txt'), /no: no such file or folder/);
    await expectLine(evaluate('--test', '--top-p', '2'), /--top-p: '2'\. Expected a number above 0 to 1/);
  });

  it('stops on Ctrl-C without writing anything', async () => {
    writeFileSync(path('many.tsv'), tsv(Array.from({ length: 5000 }, (_, i) => [`the cat sits ${i}`, '猫坐'])));
    let sent = false;
    const watch: CallOptions['watch'] = (stderr, child) => {
      if (sent || !stderr.includes('translating')) return;
      sent = true;
      child.kill('SIGINT');
    };
    const args = evaluate('--data', 'many.tsv', '--batch', '1', '--output', 'stopped.txt', '--json');
    const { code, stdout, stderr } = await heddle(args, { watch });
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/stopped after [\d,]+ of 5,000 sentences; nothing was written\.\n$/);
    expect(existsSync(path('stopped.txt'))).toBe(false);
  });
});

interface Translated {
  readonly source: string;
  readonly sourceTokens: string[];
  readonly translations: {
    readonly text: string;
    readonly tokens: string[];
    readonly logProbabilities: number[];
    readonly logProbability: number;
    readonly score: number;
    readonly attention?: number[][][][];
  }[];
}

describe('heddle translate', () => {
  const objects = async (input: string, ...args: string[]): Promise<Translated[]> => {
    const { code, stdout, stderr } = await heddle(translate('--json', ...args), { input });
    expect(code, stderr).toBe(0);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };

  it('ranks the translations of a beam, as lines and as JSON with tokens, scores and attention', async () => {
    const source = 'the dog runs well';
    const { stdout } = await heddle(translate('--n-best', '3', source));
    const [object] = await objects('', '--n-best', '3', '--attention', source);
    expect(object).toMatchObject({ source, sourceTokens: [...source.split(' '), '</s>'] });
    expect(stdout).toBe(object!.translations.map((t, i) => `${i + 1}\t${t.score.toFixed(4)}\t${t.text}\n`).join(''));
    expect(object!.translations).toHaveLength(3);
    for (const { text, tokens, logProbabilities, logProbability, score, attention } of object!.translations) {
      expect(tokens.join('').replace('</s>', '')).toBe(text);
      expect(logProbabilities).toHaveLength(tokens.length);
      expect(logProbability).toBeCloseTo(
        logProbabilities.reduce((a, b) => a + b, 0),
        9,
      );
      expect(score).toBeCloseTo(logProbability / ((5 + tokens.length) / 6) ** 0.6, 9);
      // one layer of four heads; a row for each token, over the tokens of the source
      expect(attention!.map((heads) => heads.length)).toEqual([4]);
      for (const row of attention!.flat(2)) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(attention![0]![0]).toHaveLength(tokens.length);
    }
    const map = await heddle(translate('--attention', source));
    expect(map.stdout).toMatch(/^\S+\n\nWhat it looks at, translating “the dog runs well” \(layer 1/);
  });

  it('finds by a beam what the model holds for no less probable than the greedy choice, and some for more', async () => {
    const input = PAIRS.map(([source]) => `${source}\n`).join('');
    const greedy = await objects(input);
    const beam = await objects(input, '--beam', '4');
    const gains = greedy.map((g, i) => beam[i]!.translations[0]!.score - g.translations[0]!.score);
    expect(gains).toHaveLength(90);
    expect(Math.min(...gains)).toBeGreaterThan(-1e-5);
    expect(gains.filter((gain) => gain > 1e-3).length).toBeGreaterThan(3);
  });

  it('streams one sentence token by token, and refuses what cannot be streamed', async () => {
    const source = 'the bird sings in the big house';
    const { stdout } = await heddle(translate('--stream', source));
    expect(stdout).toBe((await heddle(translate(source))).stdout);
    await expectLine(translate('--stream', '--beam', '2', source), /--stream does not go with --beam/);
  });
});

describe('heddle train', () => {
  const train = (...args: string[]) =>
    heddle(['train', ...DEVICE, '--preset', 'tiny', '--data', 'pairs.tsv', '--steps', '1', ...args]);

  it('learns one vocabulary and one embedding for both sides, goes on and translates with them', async () => {
    const { code, stdout, stderr } = await train(
      ...[
        '--tokenizer',
        'bpe',
        '--share-vocabulary',
        '--vocab-size',
        '90',
        '--share-embeddings',
        '--tie-output',
        '--out',
        'shared',
      ],
    );
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^learning tokens \d+\/90/);
    expect(stdout).toMatch(/tokens +\d+ tokens for both sides \(bpe\)\n/);
    const { model, training, sharedTokenizer } = JSON.parse(readFileSync(path('shared/config.json'), 'utf8'));
    expect([model.sharedEmbeddings, sharedTokenizer, existsSync(path('shared/tokenizer.target.json'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(training.tokenizers).toEqual({
      ...{ source: 'bpe', target: 'bpe', size: 90, lowerCase: null, shared: true, files: null },
    });
    const resumed = await heddle(['train', '--resume', 'shared', '--steps', '2', '--backend', 'wasm']);
    expect(resumed.stdout).toMatch(/tokens for both sides \(bpe\)[\s\S]*trained 2 steps/);
    expect((await heddle(['translate', '--model', 'shared', '--backend', 'wasm', 'The Cat'])).code).toBe(0);
    await expectLine(['train', '--resume', 'shared', '--tokenizer', 'bpe'], /--resume does not go with --tokenizer/);
  });

  it('says which words a vocabulary leaves out, in the data it trains on and in those it tests on', async () => {
    const { code, stderr } = await train('--vocab-size', '12', '--target-tokenizer', 'byte-bpe', '--out', 'few');
    // a vocabulary of bytes has at least 260 tokens
    expect([code, stderr]).toEqual([
      2,
      'heddle: trainPairs: a vocabulary of 12 tokens, but 260 are there before any pair. Ask for more.\n',
    ]);
    const words = await train('--vocab-size', '12', '--out', 'few');
    expect(words.code, words.stderr).toBe(0);
    expect(words.stderr).toMatch(
      /kept 90 pairs; no bad lines\. [\d,]+ pieces of text not in the vocabulary became <unk>: /,
    );
    expect(words.stderr).toMatch(/became <unk>: [^\n]*\b[a-z]+ \(\d+; lines \d+, \d+, \d+\)/);
    expect(words.stderr).toMatch(/heddle: the sentences hold \d+ pieces of text that the vocabulary lacks/);
  });
});
