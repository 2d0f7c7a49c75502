import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPairs, textSource } from '../transformer/text/data/index.ts';
import { Tokenizer } from '../transformer/text/tokenizer/index.ts';
import { LONG_FORMS, SHORT_FORMS } from '../transformer/training/tasks/dateForms.ts';
import { TASKS, taskNamed, textInput, textPair } from '../transformer/training/tasks/index.ts';
import { sameAnswer } from '../transformer/training/tasks/textForm.ts';

const seeds = fc.nat({ max: 2 ** 40 });
/** Runs of the cheaper generators for each property. */
const options = { numRuns: 15 };
const [copy, reverse, sort, dates, text] = ['copy', 'reverse', 'sort', 'dates', 'text'].map(taskNamed);

describe('every task', () => {
  it.each(TASKS.map((task) => [task.name, task] as const))('%s: one seed, one set of pairs', (_, task) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const pairs = task.pairs(seed, 60);
        expect(pairs).toHaveLength(60);
        expect(task.pairs(seed, 60)).toEqual(pairs);
        expect(task.pairs(seed + 1, 60)).not.toEqual(pairs);
      }),
      { numRuns: task.name === 'translate' ? 2 : options.numRuns },
    );
  });

  it.each(TASKS.map((task) => [task.name, task] as const))(
    '%s: trains on nothing that any seed tests on, or that is shown',
    (_, task) => {
      const parts = [1, 2].map((seed) => task.split(seed, { train: 4000, test: 200 }));
      const tested = new Set(parts.flatMap(({ test }) => test.map((pair) => pair.source)));
      const shown = [...task.showcase.map((pair) => pair.source), task.input(task.sample.source)];
      for (const { train, test } of parts) {
        expect([train.length, test.length]).toEqual([4000, 200]);
        expect(new Set(test.map((pair) => pair.source)).size).toBe(200);
        expect(train.filter(({ source }) => tested.has(source) || shown.includes(source))).toEqual([]);
      }
    },
  );

  it.each(TASKS.map((task) => [task.name, task] as const))(
    '%s: its tokenizers keep what a right answer needs, and know all that is tested',
    (_, task) => {
      const { train, test } = task.split(3, { train: 4000, test: 100 });
      if (task.tokenizers === null) return;
      const target = Tokenizer.build(
        task.tokenizers.target,
        train.map((pair) => pair.target),
      );
      const source = Tokenizer.build(
        task.tokenizers.source,
        train.map((pair) => pair.source),
      );
      for (const pair of [...test, ...task.showcase]) {
        expect(source.unknown(pair.source)).toEqual([]);
        expect(task.isRight(target.decode(target.encode(pair.target)), pair.target)).toBe(true);
        expect(task.isRight(`${pair.target}x`, pair.target)).toBe(false);
      }
    },
  );

  it('says what it cannot draw', () => {
    expect(() => copy!.pairs(1, -1)).toThrow(/copy: pairs -1\. Expected a whole number/);
    expect(() => taskNamed('juggle')).toThrow(/'juggle'\. Expected one of translate, copy, reverse, sort, dates, text/);
  });
});

describe('sequences', () => {
  it('copy, reverse and sort, each as a straightforward program does', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { source, target } of copy!.pairs(seed, 30)) expect(target).toBe(source);
        for (const { source, target } of reverse!.pairs(seed, 30)) {
          let mirrored = '';
          for (const letter of source) mirrored = letter + mirrored;
          expect(target).toBe(mirrored);
        }
        for (const { source, target } of sort!.pairs(seed, 30)) {
          const [read, written] = [source, target].map((line) => line.split(' ').map(Number));
          expect(written!.every((n, i) => i === 0 || written![i - 1]! <= n)).toBe(true);
          const counts = (list: readonly number[]): number[] =>
            Array.from({ length: 100 }, (_, n) => list.filter((m) => m === n).length);
          expect(counts(written!)).toEqual(counts(read!));
          expect(written!.length).toBe(read!.length);
        }
      }),
      options,
    );
  });

  it('have every length in the range, and longer ones only in the test of longer ones', () => {
    for (const task of [copy!, reverse!, sort!]) {
      const lengths = (pairs: readonly { source: string }[]): number[] =>
        [...new Set(pairs.map(({ source }) => (task === sort ? source.split(' ') : [...source]).length))].sort(
          (a, b) => a - b,
        );
      expect(lengths(task.pairs(5, 2000))).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
      const [low, high] = task.longer!.lengths;
      expect(lengths(task.longer!.pairs(5, 500))).toEqual(Array.from({ length: high - low + 1 }, (_, i) => low + i));
      expect(low).toBeGreaterThan(16);
    }
  });
});

/** The days of a month by the rule of 1582. */
function daysOf(year: number, month: number): number {
  if (month === 2) return year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

describe('dates', () => {
  it('are days that there are, weekdays included', () => {
    const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { source, target } of dates!.pairs(seed, 100)) {
          expect(target).toMatch(/^(19|20)\d\d-\d\d-\d\d$/);
          const [year, month, day] = target.split('-').map(Number) as [number, number, number];
          expect(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)).toBe(true);
          // Sakamoto's rule for the day of the week
          const shifted = month < 3 ? year - 1 : year;
          const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
          const weekday = (shifted + leaps + [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1]! + day) % 7;
          const english = weekdays.findIndex((name) => source.startsWith(name.slice(0, 3)));
          if (english >= 0) expect(english).toBe(weekday);
          const chinese = /(?:星期|周)(.)/.exec(source)?.[1];
          if (chinese) expect('日一二三四五六'.indexOf(chinese.replace('天', '日'))).toBe(weekday);
        }
      }),
      options,
    );
  });

  it('come in the forms that people use', () => {
    const date = { year: 2025, month: 3, day: 9, weekday: 0 };
    const written = [...Object.values(LONG_FORMS), ...Object.values(SHORT_FORMS)].map((form) => form(date));
    expect(new Set(written).size).toBe(written.length);
    for (const form of [
      'March 9th, 2025',
      '9 Mar 25',
      '09.03.2025',
      'Sunday, 9 March 2025',
      '3/9/2025',
      'Sun, 09 Mar 2025',
      'the ninth of March 2025',
      '二〇二五年三月九日',
      '2025年3月9日',
      '2025年3月9日（星期天）',
    ]) {
      expect(written).toContain(form);
    }
    const [may, late] = [
      { year: 2000, month: 5, day: 22, weekday: 1 },
      { year: 1930, month: 12, day: 31, weekday: 3 },
    ];
    expect(LONG_FORMS['mon. day, year']!(may)).toBe('May 22, 2000');
    expect(LONG_FORMS['ordinal month year']!(may)).toBe('22nd May 2000');
    expect(LONG_FORMS['二〇二五年三月九日']!(late)).toBe('一九三〇年十二月三十一日');
    expect(LONG_FORMS['二零二五年三月九日']!({ ...late, day: 20 })).toBe('一九三零年十二月二十日');
    for (const [day, ending] of [
      [1, 'st'],
      [3, 'rd'],
      [11, 'th'],
      [12, 'th'],
      [13, 'th'],
      [23, 'rd'],
    ] as const) {
      expect(LONG_FORMS['ordinal month year']!({ ...may, day })).toBe(`${day}${ending} May 2000`);
    }
  });

  it('reach the last of February in leap years and the ends of the range', () => {
    const targets = new Set(dates!.pairs(1, 200_000).map(({ target }) => target));
    for (const day of ['2000-02-29', '1904-02-29', '2096-02-29', '1900-01-01', '2099-12-31']) {
      expect(targets).toContain(day);
    }
    for (const day of ['1900-02-29', '2001-02-29', '2100-01-01']) expect(targets).not.toContain(day);
  });

  it('leave out of training one day in twenty in every form', () => {
    const { train, test } = dates!.split(1);
    const trained = new Set(train.map(({ target }) => target));
    const unseen = test.filter(({ target }) => !trained.has(target));
    // half of what is held out by rule; some of the other days are missed by chance
    expect(unseen.length / test.length).toBeGreaterThan(0.4);
    expect(unseen.length / test.length).toBeLessThan(0.8);
  });
});

describe('text', () => {
  it('reads three forms of object, with the task before the text', () => {
    expect(textPair({ source: ' a b ', target: 'c' })).toEqual({ source: 'a b', target: 'c' });
    expect(textPair({ document: 'Long.', summary: 'S.' })).toEqual({ source: 'summarize: Long.', target: 'S.' });
    expect(textPair({ question: 'Who?', context: 'Ben ran.', answer: 'Ben', id: 7 })).toEqual({
      source: 'question: Who? context: Ben ran.',
      target: 'Ben',
    });
    expect(textPair({ question: 'Who?', answer: 'Ben' })?.source).toBe('question: Who?');
    for (const wrong of [
      { document: 'x' },
      { source: 'x', summary: 'y' },
      { question: 3, answer: 'y' },
      { a: 'b' },
      [],
    ]) {
      expect(textPair(wrong)).toBe(null);
    }
  });

  it('reads what a user types: an object without its answer, or plain text', () => {
    expect(textInput('{"question": "Who?", "context": "Ben ran."}')).toBe('question: Who? context: Ben ran.');
    expect(textInput(' {"document": "Long."} ')).toBe('summarize: Long.');
    expect(textInput('summarize: Long.')).toBe('summarize: Long.');
    expect(() => textInput('{"question": "Who?"')).toThrow(/no whole JSON object/);
    expect(() => textInput('{"answer": "Ben"}')).toThrow(/Expected a source, a document or a question/);
  });

  it('takes files with all three forms mixed, and says what is wrong with a line', async () => {
    const lines = [
      '{"document": "A long day.\\nIt rained.", "summary": "Rain."}',
      '{"question": "Who?", "context": "Ben ran.", "answer": "Ben"}',
      '{"question": "Who?", "context": "Ben ran."}',
      '{"source": "x", "target": "y"}',
    ];
    const { pairs, report } = await loadPairs(textSource('own.jsonl', lines.join('\n')), text!.files!);
    expect(pairs.map(({ source }) => source)).toEqual([
      'summarize: A long day.\nIt rained.',
      'question: Who? context: Ben ran.',
      'x',
    ]);
    expect(report.bad).toEqual({ missingKey: { count: 1, lines: [3] } });
    const long = JSON.stringify({ document: 'word '.repeat(3000), summary: 'w' });
    expect((await loadPairs(textSource('long.jsonl', long), text!.files!)).pairs).toHaveLength(1);
    await expect(loadPairs(textSource('bad.jsonl', '{"text": "x"}'), text!.files!)).rejects.toThrow(
      /bad\.jsonl: no sentence pairs.*Expected on each line one of \{"source", "target"\}, \{"document", "summary"\}/,
    );
  });

  it('asks only what the context answers, and sums up only what the document says', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { source, target } of text!.pairs(seed, 50)) {
          const asked = /^question: (.*\?) context: (.*)$/.exec(source);
          const body = asked?.[2] ?? /^summarize: (.*)$/.exec(source)![1]!;
          const words = target.replace('.', '').split(' ');
          const told = asked ? words : words.filter((word) => !['is', 'a', 'from', 'and', 'has'].includes(word));
          for (const word of told) expect(body).toMatch(new RegExp(`\\b${word}\\b`));
          if (asked) expect(body.split(/(?<=\.) /).filter((fact) => fact.includes(target))).toHaveLength(1);
        }
      }),
      options,
    );
  });

  it('compares answers as SQuAD does', () => {
    expect(sameAnswer('the Oslo.', 'Oslo')).toBe(true);
    expect(sameAnswer('A  red   house', 'red house')).toBe(true);
    expect(sameAnswer('北京。', '北京')).toBe(true);
    expect(sameAnswer('Oslo city', 'Oslo')).toBe(false);
    expect(sameAnswer('theatre', 'atre')).toBe(false);
  });
});
