/** `heddle export --to pytorch` and `heddle import`: there and back, and what PyTorch makes of the folder. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  decodeSafetensors,
  encodeSafetensors,
  Generator,
  type HostTensor,
  noGrad,
  openDevice,
  Stream,
  scope,
} from '../engine/index.ts';
import { pytorch, readPyTorch, STATE_FILE } from '../transformer/export/pytorch/index.ts';
import {
  buildCorpus,
  CHECKPOINT,
  type Pair,
  Tokenizer,
  type TokenizerKind,
  Trainer,
  type TrainState,
  Transformer,
  type TransformerConfig,
  type Translator,
  translateBatch,
  translationTraining,
} from '../transformer/index.ts';
import { padded } from '../transformer/text/data/batches.ts';
import { expectClose } from './support/compare.ts';
import { python, torchVersion } from './support/pytorch.ts';

const { train: corpus } = buildCorpus({ pairs: 200, valid: 1, test: 1, seed: 5 });
const pairs: readonly Pair[] = corpus.slice(0, 24);
const random = new Stream(23, 0);

type Options = Omit<TransformerConfig, 'srcVocab' | 'tgtVocab'>;
const size = { dModel: 32, heads: 4, layers: 2, feedForward: 48, dropout: 0 } as const;

interface Case {
  readonly options: Options;
  readonly kind: TokenizerKind;
  /** One tokenizer for both sides. */
  readonly shared?: boolean;
  /** The id of padding, where the marks are not the first tokens. */
  readonly marksAt?: number;
}

/** Every choice that nn.Transformer leaves, and how the text is cut. */
const MODELS: Readonly<Record<string, Case>> = {
  'pre-norm, ReLU': { options: { ...size, normFirst: true }, kind: 'words' },
  'post-norm, GELU, marks elsewhere': { options: { ...size, activation: 'gelu' }, kind: 'characters', marksAt: 9 },
  'post-norm, ReLU, learned positions, output tied': {
    options: { ...size, positions: 'learned', maxLength: 90, tiedOutput: true },
    kind: 'characterPairs',
  },
  'pre-norm, GELU, one matrix for all': {
    options: { ...size, normFirst: true, activation: 'gelu', sharedEmbeddings: true, tiedOutput: true },
    kind: 'bytePairs',
    shared: true,
  },
};
const NAMES = Object.keys(MODELS);

/** A vocabulary of pairs that holds all bytes, and some pairs. */
const sizeOf = (kind: TokenizerKind): { size?: number } => (kind.endsWith('Pairs') ? { size: 400 } : {});

let host: Device;
let folder: string;
let translators: Translator[];

beforeAll(async () => {
  host = await openDevice('wasm', { threads: 1, deterministic: true });
  folder = await mkdtemp(join(tmpdir(), 'heddle-pytorch-'));
  translators = await Promise.all(NAMES.map(newTranslator));
});
afterAll(async () => {
  host.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** A translator whose biases and norms are no zeros and ones, as after training, and which writes something. */
async function newTranslator(name: string): Promise<Translator> {
  const { options, kind, shared = false, marksAt = 0 } = MODELS[name]!;
  const build = (texts: string[]): Tokenizer => withMarksAt(marksAt, Tokenizer.build(kind, texts, sizeOf(kind)));
  const [sources, targets] = [pairs.map((p) => p.source), pairs.map((p) => p.target)];
  const source = build(shared ? [...sources, ...targets] : sources);
  const target = shared ? source : build(targets);
  const config = { ...options, srcVocab: source.size, tgtVocab: target.size, padId: marksAt };
  const model = new Transformer(config, { device: host, generator: new Generator(5) }).eval();
  for (const p of model.parameters()) {
    if (p.ndim === 1) p.copyFrom(Float32Array.from(await p.data(), (x) => x + 0.3 * random.normal()));
  }
  const bias = Float32Array.from(await model.generator.bias!.data());
  bias[target.mark('eos')]! -= 3;
  model.generator.bias!.copyFrom(bias);
  return { model, source, target };
}

/** The same tokenizer with its marks from this id on. */
function withMarksAt(first: number, tokenizer: Tokenizer): Tokenizer {
  const file = tokenizer.toJSON();
  const [pad, bos, eos, unk, ...others] = tokenizer.vocabulary;
  const tokens = [...others.slice(0, first), pad, bos, eos, unk, ...others.slice(first)];
  return Tokenizer.fromJSON({
    ...file,
    added_tokens: file.added_tokens?.map((token) => ({ ...token, id: token.id + first })),
    model: { ...file.model, vocab: Object.fromEntries(tokens.map((token, id) => [token, id])) },
  });
}

/** Two Pythons that load torch, on a machine that does other things. */
const PATIENCE_MS = 300_000;

const SETTINGS = { steps: 4, batchTokens: 60, seed: 3, warmup: 4 };

/** A training that stands after two of its steps. */
async function begun(translator: Translator): Promise<{ trainer: Trainer; state: TrainState }> {
  const trainer = new Trainer(translationTraining(translator, pairs, SETTINGS));
  for await (const { step } of trainer.run()) if (step === 2) break;
  return { trainer, state: await trainer.state() };
}

const exported = async (translator: Translator, state: TrainState | null, step = state?.step ?? 0) =>
  (await pytorch.files({ translator, step, state, training: { seed: SETTINGS.seed } })) as Record<string, Uint8Array>;

/** Files with other weights. */
function withWeights(
  files: Readonly<Record<string, Uint8Array>>,
  change: (tensors: Record<string, HostTensor>) => Record<string, HostTensor>,
): Record<string, Uint8Array> {
  const { tensors } = decodeSafetensors(files[CHECKPOINT.model]!);
  return { ...files, [CHECKPOINT.model]: encodeSafetensors(change({ ...tensors })) };
}

describe('there and back', () => {
  it.each([0, 2, 3])('weights and state come back bit for bit, and training goes on: model %i', async (i) => {
    const translator = await newTranslator(NAMES[i]!);
    const { trainer, state } = await begun(translator);
    const files = await exported(translator, state);
    const back = await readPyTorch(files, host);
    expect(back.step).toBe(2);
    expect(back.state).toEqual(state);
    expect(await back.translator.model.stateDict()).toEqual(await translator.model.stateDict());
    expect(back.translator.source === back.translator.target).toBe(MODELS[NAMES[i]!]!.shared ?? false);

    const losses = async (of: Trainer): Promise<number[]> => {
      const found: number[] = [];
      for await (const { loss } of of.run()) found.push(loss);
      return found;
    };
    const again = new Trainer(translationTraining(back.translator, pairs, SETTINGS));
    await again.restore(back.state!);
    const expected = await losses(trainer);
    expect(expected).toHaveLength(2);
    expect(await losses(again)).toEqual(expected);
  });

  it('takes weights as PyTorch programs leave them: wrapped, and a shared matrix written once', async () => {
    const translator = translators[3]!;
    const files = await exported(translator, null);
    const want = await translator.model.stateDict();
    const wrapped = withWeights(files, ({ 'generator.weight': _, 'tgt_embed.weight': __, ...others }) =>
      Object.fromEntries(Object.entries(others).map(([name, t]) => [`module._orig_mod.${name}`, t])),
    );
    expect(await (await readPyTorch(wrapped, host)).translator.model.stateDict()).toEqual(want);
    const last = withWeights(files, ({ 'src_embed.weight': _, 'tgt_embed.weight': __, ...others }) => others);
    expect(await (await readPyTorch(last, host)).translator.model.stateDict()).toEqual(want);
  });

  it('says what is wrong with a folder', async () => {
    const { state } = await begun(await newTranslator(NAMES[0]!));
    const files = await exported(translators[0]!, state);
    const expectWrong = (changed: Record<string, Uint8Array>, text: RegExp) =>
      expect(readPyTorch(changed, host)).rejects.toThrow(text);
    await expectWrong(
      withWeights(files, ({ 'generator.bias': bias, ...others }) => ({ ...others, 'head.bias': bias! })),
      /missing generator\.bias; unexpected head\.bias/,
    );
    await expectWrong(
      withWeights(files, (t) => ({ ...t, 'generator.bias': { ...t['generator.bias']!, shape: [1, -1] } })),
      /malformed/,
    );
    const short = { shape: [2], dtype: 'float32', data: new Float32Array(2) } as const;
    await expectWrong(
      withWeights(files, (t) => ({ ...t, 'generator.bias': short })),
      /generator\.bias is \[2\] in the checkpoint/,
    );
    await expectWrong(
      withWeights(await exported(translators[3]!, null), (t) => {
        const weight = t['generator.weight']!;
        return { ...t, 'generator.weight': { ...weight, data: weight.data.map((x) => x + 1) } };
      }),
      /tgt_embed\.weight and generator\.weight differ/,
    );
    await expectWrong({ ...files, [STATE_FILE]: files[STATE_FILE]!.slice(0, 4000) }, /not a whole safetensors file/);
    await expectWrong(
      { ...files, [CHECKPOINT.config]: (await exported(translators[0]!, state, 1))[CHECKPOINT.config]! },
      /training\.safetensors is of step 2, config\.json of step 1: saving was interrupted/,
    );
    await expectWrong(
      { ...files, [STATE_FILE]: (await exported(translators[1]!, (await begun(translators[1]!)).state))[STATE_FILE]! },
      /exp_avg\.src_embed\.weight has \d+ values, expected \d+\. It is of another model/,
    );
  });

  it.each([
    ['activation', { activation: 'swiglu' }],
    ['norm', { norm: 'rms' }],
    ['positions', { positions: 'rotary' }],
  ] as const)('refuses what torch.nn.Transformer has not: %s', async (name, option) => {
    const { source, target } = translators[0]!;
    const config = { ...size, ...option, srcVocab: source.size, tgtVocab: target.size };
    using model = new Transformer(config, { device: host });
    await expect(exported({ model, source, target }, null)).rejects.toThrow(
      `export to PyTorch: ${name} '${Object.values(option)[0]}', expected '`,
    );
  });
});

/** Answers of tests/support/pytorch_checks.py. */
interface Answers {
  readonly trainings: readonly string[];
  readonly models: readonly {
    readonly shape: readonly number[];
    readonly scores: readonly number[];
    readonly training: readonly number[];
    readonly translations: readonly string[];
  }[];
  readonly tokenizers: readonly { readonly ids: readonly number[][]; readonly decoded: readonly string[] }[];
  readonly crashes: readonly unknown[];
}

/** Every kind of tokenizer that heddle makes: as it is by itself, and with the other choice of capitals. */
const KINDS = (['words', 'characters', 'characterPairs', 'bytePairs'] as const).flatMap((kind) => [
  { name: kind, kind, options: {} },
  { name: `${kind}, capitals the other way`, kind, options: { lowerCase: kind !== 'words' } },
]);
const TEXTS = [
  ...pairs.slice(0, 4).flatMap((p) => [p.source, p.target]),
  'Don’t you like café au lait? I can’t; it’s 42 o’clock, I’ll go!',
  '  lead and\ttrail \u3000 e\u0301 \ufeffmark',
  'x</s>y <pad> <unk>é',
  'ΟΔΟΣ ΣΑΣ straße İstanbul ½ ² Ⅳ 한국어 日本語 🙂👩‍👩‍👧',
  "we'd they've 'tis ''s  'll \n\n $5.00 100,000.50 a_b ▁▁c ▁",
  '',
];
const SOURCES = [...pairs.slice(0, 5).map((p) => p.source), ''];

/** The training that one process does, and two, and one that is stopped on the way. */
const STEPS = 12;
const TRAINING = ['--batch-tokens', '60', '--schedule', 'constant', '--lr', '0.004', '--warmup', '3', '--cpu'];

if (torchVersion() !== null) {
  describe('PyTorch', () => {
    const support = resolve(import.meta.dirname, 'support');
    const at = (name: string): string => join(folder, name);
    const tokenizers = KINDS.map(({ kind, options }) => Tokenizer.build(kind, TEXTS, { ...options, ...sizeOf(kind) }));
    const batch = { source: drawRows([7, 3, 5]), target: drawRows([4, 6, 2]) };
    let torchrun: string;
    let answers: Answers;

    beforeAll(async () => {
      const write = async (name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> => {
        await mkdir(at(name), { recursive: true });
        for (const [file, bytes] of Object.entries(files)) await writeFile(join(at(name), file), bytes);
      };
      for (const [i, translator] of translators.entries()) await write(`model${i}`, await exported(translator, null));
      const translator = await newTranslator(NAMES[0]!);
      await write('begun', await exported(translator, (await begun(translator)).state));
      await write('.', { 'pairs.tsv': pairs.map((p) => `${p.source}\t${p.target}\n`).join('') });
      await write('.', Object.fromEntries(KINDS.map((_, i) => [`tokenizer${i}.json`, JSON.stringify(tokenizers[i])])));

      const train = (out: string, steps: number): string[] => {
        const files = ['--model', at('begun'), '--data', at('pairs.tsv'), '--out', at(out)];
        return [...files, ...TRAINING, '--steps', `${steps}`, '--log-every', '1'];
      };
      const withDropout = (words: string[]): string[] => [...words, '--dropout', '0.2'];
      // Debian's torch 1.13 does not know how Python 3.11 lists flags: its torchrun wants both options.
      const launcher = ['-m', 'torch.distributed.run', '--redirects', '1', '--tee', '1', '--log_dir', at('logs')];
      const ranks = [join(support, 'pytorch_ranks.py'), at('begun')];
      torchrun = await python([...launcher, '--nproc_per_node', '2', ...ranks, ...train('two', STEPS)], folder);

      const folders = [...NAMES.map((_, i) => `model${i}`), 'one', 'two'];
      const request = {
        scripts: at('begun'),
        trainings: [
          train('one', STEPS),
          ...[train('whole', STEPS), train('parts', STEPS - 5), train('parts', STEPS)].map(withDropout),
        ],
        models: folders.map((name) => ({ folder: at(name), ...batch, texts: SOURCES })),
        tokenizers: KINDS.map((_, i) => ({ file: at(`tokenizer${i}.json`), texts: TEXTS })),
        crash: at('parts'),
      };
      await writeFile(at('request.json'), JSON.stringify(request));
      answers = JSON.parse(await python([join(support, 'pytorch_checks.py'), at('request.json')], folder));
    }, PATIENCE_MS);

    const readFolder = async (name: string): Promise<Record<string, Uint8Array>> => {
      const files = (await readdir(at(name))).filter((file) => /\.(json|safetensors)$/.test(file));
      return Object.fromEntries(
        await Promise.all(files.map(async (file) => [file, await readFile(join(at(name), file))])),
      );
    };

    it.each(NAMES.map((name, i) => [name, i] as const))('gives the same scores and translations: %s', async (_, i) => {
      const translator = translators[i]!;
      const { scores, training, shape, translations } = answers.models[i]!;
      const want = await scoresOf(translator, batch);
      expect(shape).toEqual([3, 6, translator.model.config.tgtVocab]);
      expectClose(scores, want, { relative: 1e-5, absolute: 0, label: 'evaluation' });
      // another way through the code of nn.Transformer
      expectClose(training, want, { relative: 1e-5, absolute: 0, label: 'training' });
      const texts = (await translateBatch(translator, SOURCES)).map(({ text }) => text);
      expect(translations).toEqual(texts);
      expect(new Set(texts).size).toBeGreaterThan(1);
    });

    it.each(KINDS.map(({ name }, i) => [name, i] as const))(
      'cuts text as heddle does, without a package: %s',
      (_, i) => {
        const { ids, decoded } = answers.tokenizers[i]!;
        const want = TEXTS.map((text) => tokenizers[i]!.encode(text));
        expect(ids).toEqual(want);
        const marked = want.map((row) => [1, ...row.slice(0, 3), 0, ...row.slice(3), 3, 2, 5]);
        expect(decoded).toEqual(marked.map((row) => tokenizers[i]!.decode(row)));
      },
    );

    it('two processes learn what one learns, and have the same weights at the end', async () => {
      const [one, two] = [lossesOf(answers.trainings[0]!), lossesOf(torchrun)];
      expect(one).toHaveLength(STEPS - 2);
      // an epoch has four batches
      expect(mean(one.slice(-4))).toBeLessThan(0.9 * mean(one.slice(0, 4)));
      expectClose(two, one, { relative: 1e-4, absolute: 0, label: 'losses' });
      expect(torchrun).toContain('2 x cpu, from step 2 to 12');
      expect(torchrun).toMatch(/ranks 2, apart 0\.0\n/);
      expectClose(answers.models[5]!.scores, answers.models[4]!.scores, {
        relative: 1e-4,
        absolute: 0,
        label: 'scores',
      });
      expect(await readFile(join(at('two'), 'train.py'))).toEqual(await readFile(join(at('begun'), 'train.py')));
    });

    it('goes on where it was stopped as if it had not been', async () => {
      const [, whole, first, second] = answers.trainings.map(lossesOf);
      expect([...first!, ...second!]).toEqual(whole);
      expect(whole).not.toEqual(lossesOf(answers.trainings[0]!));
    });

    it('a crash while saving leaves the folder as it was or as it was to be', () => {
      const before = { steps: [0, 0], bias: 0, left: [] };
      const after = { steps: [1, 1], bias: 1, left: [] };
      expect(answers.crashes).toEqual([before, after, after, after]);
    });

    it('what it has trained comes back: the same scores, and a state to go on from', async () => {
      const back = await readPyTorch(await readFolder('two'), host);
      expectClose(answers.models[5]!.scores, await scoresOf(back.translator, batch), { relative: 1e-5, absolute: 0 });
      const texts = (await translateBatch(back.translator, SOURCES)).map(({ text }) => text);
      expect(answers.models[5]!.translations).toEqual(texts);
      expect(back.step).toBe(STEPS);
      expect(back.state).toMatchObject({ step: STEPS, seed: SETTINGS.seed, position: { epoch: 0, batch: 2 } });
      const trainer = new Trainer(translationTraining(back.translator, pairs, { ...SETTINGS, steps: STEPS + 1 }));
      await trainer.restore(back.state!);
      for await (const { step, loss } of trainer.run()) {
        expect(step).toBe(STEPS + 1);
        expect(loss).toBeLessThan(lossesOf(torchrun)[0]!);
      }
    });
  });
}

/** Rows of these lengths, of tokens that every vocabulary here has and that are no marks. */
function drawRows(lengths: readonly number[]): number[][] {
  return lengths.map((length) => Array.from({ length }, () => 13 + random.integer(20)));
}

async function scoresOf(
  { model }: Translator,
  { source, target }: { readonly source: number[][]; readonly target: number[][] },
): Promise<ArrayLike<number>> {
  const { padId } = model.config;
  using _ = scope();
  const scores = noGrad(() => model.eval().forward(padded(source, 7, host, padId), padded(target, 6, host, padId)));
  return scores.data();
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The losses in what train.py printed. */
const lossesOf = (said: string): number[] => Array.from(said.matchAll(/ loss ([\d.]+) /g), ([, loss]) => Number(loss));
