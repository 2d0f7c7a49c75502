import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Stream } from '../engine/index.ts';
import { type Batch, type Example, Tokenizer } from '../transformer/index.ts';
import {
  type BatchSource,
  batchesFrom,
  bucketWidth,
  type DataPosition,
  DataReport,
  DataSplit,
  encodePairs,
  groupReferences,
  loadPairs,
  MemoryBatches,
  readPairs,
  reservoir,
  SplitByShares,
  StreamBatches,
  sameSentence,
  setAside,
  shuffleBuffer,
  TokenBuckets,
  textSource,
} from '../transformer/text/data/index.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Examples that can be told apart, of lengths from 2 to 60. */
function examples(count: number, seed = 1): Example[] {
  const stream = new Stream(seed, 7);
  return Array.from({ length: count }, (_, i) => ({
    source: [i, ...Array<number>(stream.integer(50)).fill(4), 2],
    target: [1, i, ...Array<number>(stream.integer(50)).fill(4), 2],
  }));
}

const names = (batches: readonly Batch[]): number[][] => batches.map((b) => b.examples.map((e) => e.source[0]!));
const sorted = (batches: readonly Batch[]): number[] =>
  names(batches)
    .flat()
    .sort((a, b) => a - b);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('encoding', () => {
  const text = 'a cat\t一只猫\na 𠮷 dog\t狗囧囧\nthe cat sat on it\t猫\n. ?\t。\n';
  const source = Tokenizer.build('words', ['a cat dog the sat on it .']);
  const target = Tokenizer.build('characters', ['一只猫狗。']);

  it('gives what is unseen the unknown token, and reports it', async () => {
    const report = new DataReport();
    const pairs = readPairs(textSource('x.tsv', text), { report });
    const found = await all(encodePairs(pairs, { source, target, maxTokens: 5, report }));
    const ids = (words: string) => words.split(' ').map((w) => Math.max(3, source.vocabulary.indexOf(w)));
    const marks = (s: string) => [1, ...Array.from(s, (c) => Math.max(3, target.vocabulary.indexOf(c))), 2];
    expect(found).toEqual([
      { source: [...ids('a cat'), 2], target: marks('一只猫') },
      { source: [...ids('a 𠮷 dog'), 2], target: marks('狗囧囧') },
      { source: [...ids('. ?'), 2], target: marks('。') },
    ]);
    expect(report.unknown).toEqual([
      { piece: '囧', count: 2, lines: [2] },
      { piece: '?', count: 1, lines: [4] },
      { piece: '𠮷', count: 1, lines: [2] },
    ]);
    expect(report.bad).toEqual({ tooLong: { count: 1, lines: [3] } });
    expect([report.lines, report.kept]).toEqual([4, 3]);
    expect(report.text('en')).toContain('became <unk>: 囧 (2; line 2), ? (1; line 4), 𠮷 (1; line 2).');
  });

  it('names a limit that no sentence could keep', async () => {
    await expect(all(encodePairs([], { source, target, maxTokens: 2 }))).rejects.toThrow('maxTokens 2');
  });
});

describe('shuffling', () => {
  it('gives every item once, the same for the same seed, whatever the buffer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 80 }), fc.nat(), async (count, size, seed) => {
        const once = await all(shuffleBuffer(numbers(count), size, new Stream(seed)));
        expect([...once].sort((a, b) => a - b)).toEqual(numbers(count));
        expect(await all(shuffleBuffer(numbers(count), size, new Stream(seed)))).toEqual(once);
        // an item cannot go out long before it came
        for (const [place, item] of once.entries()) expect(item).toBeLessThan(place + size + 1);
      }),
      { numRuns: 100 },
    );
    const [a, b] = [1, 2].map((seed) => all(shuffleBuffer(numbers(100), 10, new Stream(seed))));
    expect(await a).not.toEqual(await b);
    await expect(all(shuffleBuffer([], 0, new Stream(1)))).rejects.toThrow('size 0');
  });

  it('puts every item in every place equally often when all are held', async () => {
    const counts = numbers(4).map(() => [0, 0, 0, 0]);
    for (let seed = 0; seed < 2000; seed++) {
      const order = await all(shuffleBuffer(numbers(4), 4, new Stream(seed)));
      for (const [place, item] of order.entries()) counts[item]![place]!++;
    }
    // 500 ± 5 standard deviations of 19.4
    for (const n of counts.flat()) expect(Math.abs(n - 500)).toBeLessThan(97);
  });

  it('samples from a stream in order, each item equally likely', async () => {
    const counts = Array<number>(10).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      const found = await reservoir(numbers(10), 3, new Stream(seed));
      expect(found).toEqual([...found].sort((a, b) => a - b));
      for (const item of found) counts[item]!++;
    }
    for (const n of counts) expect(Math.abs(n - 600)).toBeLessThan(5 * 20.5);
    expect(await reservoir(numbers(2), 3, new Stream(0))).toEqual([0, 1]);
  });
});

describe('length buckets', () => {
  it('have bounds that grow, each multiples of 8', () => {
    const bounds = [...new Set(numbers(600).map(bucketWidth))];
    expect(bounds.slice(0, 9)).toEqual([8, 16, 24, 32, 40, 48, 64, 80, 96]);
    expect(bounds.length).toBeLessThan(25);
    for (const n of [8, 9, 300, 512]) expect(bucketWidth(n)).toBeGreaterThanOrEqual(n);
  });

  it('fill batches up to the budget and no further, and give every example once', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 400 }), fc.nat(), (count, budget, seed) => {
        const buckets = new TokenBuckets(budget);
        const full = examples(count, seed).flatMap((e) => buckets.add(e) ?? []);
        const batches = [...full, ...buckets.rest(new Stream(seed))];
        expect(sorted(batches)).toEqual(numbers(count));
        for (const { examples: rows, sourceLength, targetLength } of batches) {
          const width = Math.max(sourceLength, targetLength);
          if (rows.length > 1) expect(rows.length * width).toBeLessThanOrEqual(budget);
        }
        // one more row of the widest would not have fitted
        for (const { examples: rows, sourceLength, targetLength } of full) {
          expect((rows.length + 1) * bucketWidth(Math.max(sourceLength, targetLength))).toBeGreaterThan(budget);
        }
        expect(buckets.rest(new Stream(0))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('waste little on padding', async () => {
    const batches = await all(new StreamBatches(() => examples(5000), { batchTokens: 1000 }).batches(0));
    const width = ({ sourceLength, targetLength }: Batch): number => Math.max(sourceLength, targetLength);
    const places = batches.reduce((n, b) => n + b.examples.length * width(b), 0);
    const needed = batches
      .flatMap((b) => b.examples)
      .reduce((n, e) => n + Math.max(e.source.length, e.target.length), 0);
    expect(needed / places).toBeGreaterThan(0.85);
    expect(places / (batches.length * 1000)).toBeGreaterThan(0.9);
  });
});

describe('epochs', () => {
  const sources: [string, (seed: number, items?: Example[]) => BatchSource][] = [
    ['from memory', (seed, items = examples(300)) => new MemoryBatches(items, { batchTokens: 200, seed })],
    [
      'from a stream',
      (seed, items = examples(300)) => new StreamBatches(() => items, { batchTokens: 200, seed, shuffle: 64 }),
    ],
  ];

  for (const [name, make] of sources) {
    it(`${name} have every example once, in an order that seed and epoch decide`, async () => {
      const [first, second] = [await all(make(5).batches(0)), await all(make(5).batches(1))];
      expect(sorted(first)).toEqual(numbers(300));
      expect(sorted(second)).toEqual(numbers(300));
      expect(names(await all(make(5).batches(0)))).toEqual(names(first));
      expect(names(second)).not.toEqual(names(first));
      expect(names(await all(make(6).batches(0)))).not.toEqual(names(first));
    });

    it(`${name} go on from any position with the batches that would have come`, async () => {
      const taken = async (count: number, from?: DataPosition) => {
        const found: { batch: Batch; position: DataPosition }[] = [];
        for await (const next of batchesFrom(make(3), from)) if (found.push(next) >= count) break;
        return found;
      };
      const whole = await taken(150);
      expect(whole.at(-1)!.position.epoch).toBeGreaterThanOrEqual(1);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 140 }), async (stopped) => {
          // as a checkpoint would keep it
          const position = JSON.parse(JSON.stringify(whole[stopped - 1]!.position));
          const rest = await taken(10, position);
          expect(rest).toEqual(whole.slice(stopped, stopped + 10));
        }),
        { numRuns: 20 },
      );
      const perEpoch = whole.findIndex(({ position }) => position.epoch === 1);
      // at the very end of an epoch as well
      expect(await taken(2, { epoch: 0, batch: perEpoch })).toEqual(whole.slice(perEpoch, perEpoch + 2));
    });
  }

  it('of nothing are an error, not a loop without end', async () => {
    expect(() => new MemoryBatches([])).toThrow('no examples');
    await expect(all(batchesFrom(new StreamBatches(() => [])))).rejects.toThrow('epoch 0 has no batches');
    await expect(all(batchesFrom(new StreamBatches(() => []), { epoch: -1, batch: 0 }))).rejects.toThrow('position');
  });

  it('of a stream hold no more than the buffer and the buckets', async () => {
    let made = 0;
    const endless = function* () {
      for (const example of examples(20_000)) {
        made++;
        yield example;
      }
    };
    const corpus = new StreamBatches(endless, { batchTokens: 500, shuffle: 1000 });
    let given = 0;
    for await (const batch of corpus.batches(0)) {
      if (made < 20_000) expect(made - given).toBeLessThan(1000 + 500 * 3);
      given += batch.examples.length;
    }
    expect(given).toBe(20_000);
  });
});

describe('splits', () => {
  const pair = fc.record({
    source: fc.constantFrom(
      'Hi.',
      'hi',
      'HI !',
      'Go on',
      'go, on',
      'Stop',
      '猫',
      '猫。',
      '?',
      '!',
      'Ｈｉ',
      'a b c',
      'x',
    ),
    target: fc.string({ minLength: 1, maxLength: 3 }),
  });

  it('take sentences that differ in case, punctuation or width as one', () => {
    expect(['Hi.', ' hi ', 'HI !', 'Ｈｉ'].map(sameSentence)).toEqual(['hi', 'hi', 'hi', 'hi']);
    expect(sameSentence("Don't  stop")).toBe('don t stop');
    expect(sameSentence('猫在哪里？')).toBe('猫在哪里');
    expect([sameSentence('?'), sameSentence(' ! ')]).toEqual(['?', '!']);
  });

  it('keep all translations of one sentence together, in any order, and lose no pair', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.nat(),
        async (pairs, fraction, seed) => {
          const { train, validation } = setAside(pairs, { fraction, seed });
          const seen = new Set(train.map((p) => sameSentence(p.source)));
          const aside = new Set(validation.map((p) => sameSentence(p.source)));
          expect([...aside].filter((s) => seen.has(s))).toEqual([]);
          expect(aside.size).toBe(Math.floor(fraction * (seen.size + aside.size)));
          expect(train.length + validation.length).toBe(pairs.length);
          // of a stream it is the same, whatever of both bounds decides
          for (const most of [0, 1, 3, 1e6]) {
            const share = await DataSplit.byShare([...pairs].reverse(), { fraction, most, seed });
            const once = setAside(pairs, { fraction, most, seed });
            expect(await all(share.validation(pairs))).toEqual(once.validation);
            // and so is a second part of what the first one left
            const parts = new SplitByShares(
              [
                { fraction, most },
                { fraction: 0.4, most: 2 },
              ],
              seed,
            );
            for (const { source } of pairs) parts.add(source);
            const twice = setAside(once.train, { fraction: 0.4, most: 2, seed });
            const [first, both] = parts.splits;
            expect(pairs.filter((p) => first!.holds(p.source))).toEqual(once.validation);
            expect(pairs.filter((p) => !both!.holds(p.source))).toEqual(twice.train);
          }
          // the stream decides alike, in any order
          const split = await DataSplit.byCount(
            [...pairs, { source: 'one more', target: 'x' }].reverse(),
            aside.size,
            seed,
          );
          const held = new Set((await all(split.validation(pairs))).map((p) => sameSentence(p.source)));
          const open = (await all(split.training(pairs))).map((p) => sameSentence(p.source));
          expect(open.filter((s) => held.has(s))).toEqual([]);
          expect(held.size).toBeGreaterThanOrEqual(aside.size - 1);
          expect(held.size).toBeLessThanOrEqual(aside.size);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('set aside a share or a number of sentences, decided by the seed', async () => {
    const pairs = numbers(20_000).map((i) => ({ source: `sentence ${i % 10_000}`, target: `Satz ${i}` }));
    const share = await all(DataSplit.byFraction(0.1, 3).validation(pairs));
    // 10 % of 10,000 sentences ± 5 standard deviations, each with both translations
    expect(Math.abs(share.length / 2 - 1000)).toBeLessThan(150);
    const exact = await all((await DataSplit.byCount(pairs, 500, 3)).validation(pairs));
    expect(exact.length).toBe(1000);
    expect(setAside(pairs, { fraction: 0.5, most: 500, seed: 3 }).validation).toEqual(exact);
    // a larger part holds the smaller
    const names = new Set(share.map((p) => p.target));
    expect(exact.every((p) => names.has(p.target))).toBe(true);
    const other = setAside(pairs, { most: 500, seed: 4 }).validation;
    const common = new Set(exact.map((p) => p.source));
    expect(other.filter((p) => common.has(p.source)).length / 1000).toBeLessThan(0.12);
    expect(setAside(pairs.slice(0, 19)).validation).toEqual([]);
  });

  it('refuse to set everything aside', async () => {
    const pairs = [
      { source: 'a', target: 'b' },
      { source: 'A.', target: 'c' },
    ];
    await expect(DataSplit.byCount(pairs, 1)).rejects.toThrow('1 sentences to set aside of 1. Ask for fewer');
    await expect(DataSplit.byCount(pairs, 1.5)).rejects.toThrow('whole number');
    expect((await DataSplit.byCount(pairs, 0)).holds('a')).toBe(false);
    expect(() => DataSplit.byFraction(5)).toThrow('such as 0.05');
    const endless = { fraction: 0.1, most: Number.POSITIVE_INFINITY };
    await expect(DataSplit.byShare(pairs, endless)).rejects.toThrow('which bounds what is held');
    expect(() => setAside(pairs, { fraction: 1 })).toThrow('below 1');
  });

  it('of a file are the same in one reading or in two', async () => {
    const text = numbers(2000)
      .map((i) => `word ${i % 700}\t词 ${i}`)
      .join('\n');
    const source = textSource('x.tsv', text);
    const split = await DataSplit.byCount(readPairs(source), 70, 9);
    const { pairs } = await loadPairs(source);
    const { train, validation } = setAside(pairs, { fraction: 0.1, seed: 9 });
    expect(await all(split.training(readPairs(source)))).toEqual(train);
    expect(await all(split.validation(readPairs(source)))).toEqual(validation);
  });
});

describe('references', () => {
  it('of one sentence stand together, each once', () => {
    const pairs = [
      ['Hi.', '嗨。'],
      ['Run.', '跑。'],
      ['Hi.', '你好。'],
      [' Hi. ', '嗨。'],
      ['Hi!', '嗨！'],
    ].map(([source, target]) => ({ source: source!, target: target! }));
    expect(groupReferences(pairs)).toEqual([
      { source: 'Hi.', references: ['嗨。', '你好。'] },
      { source: 'Run.', references: ['跑。'] },
      { source: 'Hi!', references: ['嗨！'] },
    ]);
  });
});
