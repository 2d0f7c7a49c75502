import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkerOf, type Outputs } from '../bench/check/index.ts';
import type { Bench, Task } from '../bench/engines/engine.ts';
import { HeddleEngine } from '../bench/engines/heddle.ts';
import { Host } from '../bench/engines/host.ts';
import { parseOptions } from '../bench/options.ts';
import { wasmPeaks } from '../bench/peak/wasm.ts';
import { html } from '../bench/results/html.ts';
import { markdown } from '../bench/results/markdown.ts';
import type { Context, Row } from '../bench/results/row.ts';
import { type RunOptions, runCase } from '../bench/results/runner.ts';
import { runSuite } from '../bench/results/suite.ts';
import type { ModelSize } from '../bench/suite/case.ts';
import { type BenchCase, type OpCase, SUITES, type TrainingCase } from '../bench/suite/case.ts';
import { casesOf } from '../bench/suite/index.ts';

const TINY: ModelSize = { dModel: 16, heads: 2, layers: 1, feedForward: 24, vocab: 31 };
const training: TrainingCase = {
  ...{ kind: 'training', suite: 'training', name: 'tiny step', model: TINY, rows: 3, sourceLength: 5, targetLength: 4 },
  ...{ dropout: 0.1, work: { unit: 'tokens', amount: 12 } },
};
const op = (name: string, inputs: OpCase['inputs'], more: Partial<OpCase> = {}): OpCase => ({
  ...{ kind: 'op', suite: 'kernels', name, op: name, inputs, attrs: {}, work: { unit: 'bytes', amount: 1000 } },
  ...more,
});
const attention = (length: number): OpCase => {
  const shape = [1, 2, length, 8];
  const inputs = { q: { shape }, k: { shape }, v: { shape }, dy: { shape } };
  const more = { attrs: { isCausal: true, scale: 8 ** -0.5 }, gradient: ['q', 'k', 'v'], suite: 'attention' } as const;
  return op('scaledDotProductAttention', inputs, { ...more, name: `attention ${length}` });
};
/** One case of every kind, and of every reference. */
const CASES: readonly BenchCase[] = [
  op(
    'matmul',
    { a: { shape: [3, 9, 5] }, b: { shape: [3, 7, 9] } },
    { attrs: { transposeA: true, transposeB: true }, work: { unit: 'flops', amount: 2 * 3 * 5 * 9 * 7 } },
  ),
  op('softmax', { x: { shape: [4, 33] }, dy: { shape: [4, 33] } }, { gradient: ['x'] }),
  op(
    'layerNorm',
    { x: { shape: [5, 12] }, weight: { shape: [12] }, bias: { shape: [12] }, dy: { shape: [5, 12] } },
    { gradient: ['x', 'weight', 'bias'] },
  ),
  op('gelu', { x: { shape: [500], scale: 3 }, dy: { shape: [500] } }, { gradient: ['x'] }),
  op(
    'crossEntropy',
    { logits: { shape: [6, 19], scale: 3 }, target: { shape: [6], dtype: 'int32', high: 19 }, dy: { shape: [] } },
    { gradient: ['logits'] },
  ),
  op('add', { x: { shape: [4, 5] }, y: { shape: [5] } }),
  attention(20),
  attention(530),
  { kind: 'adam', suite: 'kernels', name: 'Adam', count: 300, work: null },
  training,
  {
    ...{ kind: 'decode', suite: 'decode', name: 'tiny decoding', model: TINY, rows: 2, sourceLength: 5, length: 9 },
    work: { unit: 'tokens', amount: 18 },
  },
  ...casesOf(['overhead']),
  {
    ...{ kind: 'memory', suite: 'memory', name: 'attention', work: null },
    measures: { what: 'attention', length: 64, composed: false },
  },
  { kind: 'memory', suite: 'memory', name: 'peak', work: null, measures: { what: 'training', training } },
];

/** As few samples as there can be. */
const ONCE: RunOptions = { rounds: 2, samples: 1, seconds: 0.001, budget: 1 };
const context: Context = { backend: 'wasm', threads: 1, runtime: 'Node', machine: 'this one', date: '2026-01-01' };

let benches: Readonly<Record<'wasm' | 'webgpu', Bench>>;
beforeAll(async () => {
  const open = (backend: 'wasm' | 'webgpu'): Promise<Bench> => Host.open('heddle', { backend, threads: 1, peers: '' });
  benches = { wasm: await open('wasm'), webgpu: await open('webgpu') };
});
afterAll(async () => {
  for (const bench of Object.values(benches)) await bench.close();
});

describe.each(['wasm', 'webgpu'] as const)('heddle on %s', (backend) => {
  it.each(CASES.map((c): [string, BenchCase] => [c.name, c]))('%s is right, and timed', async (_name, c) => {
    const [row] = await runCase(c, [benches[backend]], ONCE, { ...context, backend });
    expect(row!.note).toBeUndefined();
    expect(row!.wrong).toBeUndefined();
    if (c.kind === 'memory') expect(row!.peak_bytes).toBeGreaterThan(0);
    else expect(row!.median_ms).toBeGreaterThan(0);
  });

  it('a training step is counted: what it dispatches, submits, binds and allocates', async () => {
    const [row] = await runCase(training, [benches[backend]], ONCE, { ...context, backend });
    const [peak] = await runCase(CASES.at(-1)!, [benches[backend]], ONCE, { ...context, backend });
    expect(row!.dispatches).toBeGreaterThan(50);
    expect(row!.dispatches).toBeLessThan(1000);
    expect(row!.submits).toBeGreaterThanOrEqual(backend === 'wasm' ? 0 : 1);
    expect(row!.submits).toBeLessThanOrEqual(backend === 'wasm' ? 0 : 4);
    expect(row!.peak_bytes).toBeGreaterThan(0);
    // what is predicted of a run is what it takes
    expect(Math.abs(peak!.estimated_bytes! / peak!.peak_bytes! - 1)).toBeLessThan(0.02);
  });
});

/** heddle with a fault behind it. */
class Faulty extends Host {
  readonly #spoil: (outputs: Record<string, Float32Array>) => void;

  constructor(engine: HeddleEngine, spoil: (outputs: Record<string, Float32Array>) => void) {
    super('heddle', engine);
    this.#spoil = spoil;
  }

  override async outputs(): Promise<Outputs> {
    const outputs = Object.fromEntries(
      Object.entries(await super.outputs()).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    this.#spoil(outputs);
    return outputs;
  }
}

describe('a wrong result', () => {
  const spoilers: Readonly<Record<string, (values: Float32Array) => void>> = {
    'one number off by a hundredth': (values) => {
      values[values.length - 1]! += 0.01;
    },
    'the last numbers never written': (values) => values.fill(0, Math.max(0, values.length - 3)),
    'a NaN': (values) => {
      values[0] = Number.NaN;
    },
  };
  const spoilt = CASES.filter(({ kind }) => kind === 'op' || kind === 'adam' || kind === 'training');

  it.each(Object.keys(spoilers))('is found in every kind of case, and fails the bench: %s', async (name) => {
    const engine = await HeddleEngine.open({ backend: 'wasm', threads: 1, peers: '' });
    for (const c of spoilt) {
      for (const output of Object.keys(await outputsOf(engine, c))) {
        // a loss is one number, which is never 0 by itself
        const faulty = new Faulty(engine, (outputs) => spoilers[name]!(outputs[output]!));
        const [row] = await runCase(c, [faulty], ONCE, context);
        expect(row!.wrong, `${c.name}, ${output}: ${row!.note}`).toBe(true);
        expect(row!.median_ms).toBeNull();
      }
    }
    await engine.close();
  });

  it('is found where a token is not the most probable one', async () => {
    const c = CASES.find(({ kind }) => kind === 'decode')!;
    const check = checkerOf(c);
    await benches.wasm.prepare(c);
    const { tokens } = await benches.wasm.outputs();
    expect(check({ tokens: tokens! })).toBeNull();
    const other = Array.from(tokens!);
    other[12] = other[12] === 5 ? 6 : 5;
    expect(check({ tokens: other })).toMatch(/token 3 of row 1/);
    expect(check({ tokens: other.slice(1) })).toMatch(/17 tokens were written, expected 18/);
  });

  it('after it was timed is found, too', async () => {
    const engine = await HeddleEngine.open({ backend: 'wasm', threads: 1, peers: '' });
    let calls = 0;
    const faulty = new Faulty(engine, (outputs) => {
      if (calls++ > 0) outputs['output']![0]! += 1;
    });
    const [row] = await runCase(CASES.find(({ name }) => name === 'add')!, [faulty], ONCE, context);
    expect(row).toMatchObject({ wrong: true, note: expect.stringMatching(/^wrong after it was timed: output\[0\]/) });
    await engine.close();
  });
});

async function outputsOf(engine: HeddleEngine, c: BenchCase): Promise<Outputs> {
  const task = (await engine.prepare(c)) as Task;
  const outputs = await task.outputs();
  task.dispose();
  return outputs;
}

describe('results', () => {
  /** heddle against itself, as if it were a peer that is four times as slow. */
  const peer = (): Bench => {
    const own = benches.wasm;
    return {
      ...{ name: 'jax', facts: { ...own.facts, version: '0', how: 'as it is' } },
      prepare: async (c) => (c.name.startsWith('add') ? null : 'has none'),
      outputs: async () => ({ output: [1, -2, 4, 0.5] }),
      sample: async (options) => (await own.sample(options)).map((ms) => ms * 4),
      counts: async () => ({}),
      release: async () => {},
      close: async () => {},
    };
  };
  let rows: Row[];
  beforeAll(async () => {
    const [absent, log] = [new Map([['tensorflow', 'not installed']] as const), () => {}];
    const options = {
      suites: ['overhead'] as const,
      only: 'no gradient',
      peaks: await wasmPeaks(),
      context,
      run: ONCE,
    };
    rows = await runSuite({ ...options, benches: [benches.wasm, peer()], absent, log });
  });

  it('are a list of rows that say what was measured, on what, and against whom', () => {
    const [own, other, third] = rows.filter((row) => row.case.startsWith('add'));
    expect(own).toMatchObject({ suite: 'overhead', engine: 'heddle', best_peer: 'jax', backend: 'wasm', threads: 1 });
    expect(own!.ratio_to_best_peer).toBeGreaterThan(1);
    expect(own!.ratio_range![0]).toBeLessThanOrEqual(own!.ratio_to_best_peer!);
    expect(other).toMatchObject({ engine: 'jax', version: '0', how: 'as it is' });
    expect(third).toMatchObject({ engine: 'tensorflow', median_ms: null, note: 'did not start: not installed' });
    expect(rows.find(({ case: name, engine }) => name.startsWith('matmul') && engine === 'jax')!.note).toBe('has none');
    for (const row of rows) {
      for (const key of [
        'suite',
        'case',
        'backend',
        'threads',
        'engine',
        'version',
        'median_ms',
        'spread',
        'runtime',
        'machine',
        'date',
        'how',
      ]) {
        expect(row, `${row.engine} ${row.case}`).toHaveProperty(key);
      }
    }
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it('begin with what the machine can do', () => {
    const peaks = rows.filter(({ suite }) => suite === 'peak');
    expect(peaks.map(({ case: name }) => name)).toContain('copy');
    const rate = (name: string): number => peaks.find((row) => row.case.startsWith(name))?.gflops ?? 0;
    expect(rate('multiply, then add')).toBeGreaterThan(1);
    expect(rate('multiply-add')).toBeGreaterThan(1);
  });

  it('make a page that needs no network, and documents that say where heddle is behind', () => {
    const behind = rows.map((row) => (row.best_peer === undefined ? row : { ...row, ratio_to_best_peer: 0.5 }));
    const page = html(rows);
    expect(page).not.toMatch(/(src|href)="?http|@import/);
    expect(page).toContain('add of four numbers');
    for (const language of ['en', 'zh'] as const) {
      expect(markdown(rows, language)).not.toMatch(/\*\*0\.50/);
      expect(markdown(behind, language)).toMatch(/^- add of four numbers, no gradient: 0\.50 × jax-js$/m);
    }
    expect(markdown(rows, 'en')).toContain(
      'jax-js has none: matmul of four numbers, no gradient; softmax of four numbers',
    );
  });
});

it('has cases of every suite, each with a name of its own, with curves over at least three sizes', () => {
  const cases = casesOf(SUITES);
  const names = cases.map(({ suite, name }) => `${suite} ${name}`);
  expect(new Set(names).size).toBe(names.length);
  const curves = new Map<string, number>();
  for (const { curve } of cases) if (curve !== undefined) curves.set(curve.name, (curves.get(curve.name) ?? 0) + 1);
  for (const name of ['matmul n×n×n', 'Adam [n]', 'GELU [n]', 'attention [1, 4, L, 64] forward and backward']) {
    expect(curves.get(name), name).toBeGreaterThanOrEqual(3);
  }
});

it('refuses options that make no sense', () => {
  expect(parseOptions(['--suite', 'decode,kernels', '--peers']).suites).toEqual(['kernels', 'decode']);
  expect(() => parseOptions(['--backend', 'cuda'])).toThrow(/expected wasm or webgpu/);
  expect(() => parseOptions(['--suite', 'all,speed'])).toThrow(/--suite speed: expected kernels/);
  expect(() => parseOptions(['--threads', '0'])).toThrow(/whole number above 0/);
  expect(() => parseOptions(['--fast'])).toThrow(/usage/);
});
