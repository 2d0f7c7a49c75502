import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine, lossesOf, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();
const RUN = join(folder, 'run');

describe('a model of the user’s making', () => {
  const sizes = ['--width', '24', '--heads', '2', '--layers', '2', '--feed-forward', '40', '--dropout', '0.25'];
  const choices = ['--activation', 'swiglu', '--norm', 'rms', '--positions', 'rotary', '--post-norm', '--tie-output'];
  const wanted = {
    ...{ dModel: 24, heads: 2, layers: 2, feedForward: 40, dropout: 0.25, activation: 'swiglu', norm: 'rms' },
    ...{ positions: 'rotary', normFirst: false, tiedOutput: true, sharedEmbeddings: false },
  };
  const configOf = (run: string) => JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));

  it('is trained, kept in config.json and shown, and the command of its report makes it again', async () => {
    const train = ['train', ...TINY, '--data', 'pairs.tsv', '--steps', '3', ...sizes, ...choices];
    const { code, stdout } = await heddle([...train, '--out', RUN]);
    expect(code).toBe(0);
    const lines =
      /2 \+ 2 layers, 2 heads, width 24, feed-forward 40: [\s\S]*post-norm, RMSNorm, SwiGLU, rotary positions, tied output\n/;
    expect(stdout).toMatch(lines);
    expect(configOf(RUN)).toMatchObject({ model: wanted, training: { model: wanted } });
    expect((await heddle(['info', RUN])).stdout).toMatch(lines);

    const report = readFileSync(join(RUN, 'report.html'), 'utf8');
    expect(report).toContain('后置归一化，RMSNorm，SwiGLU，旋转位置，输出与嵌入共用权重');
    const command = /<code>heddle (train [^<]*)<\/code>/.exec(report)?.[1]?.split(' ') ?? [];
    const again = join(folder, 'again');
    expect(await heddle([...command, '--threads', '1', '--out', again])).toMatchObject({ code: 0 });
    expect(configOf(again).training).toEqual(configOf(RUN).training);
    expect(lossesOf(again)).toEqual(lossesOf(RUN));
  });

  it('goes on as it is, and cannot be changed on the way', async () => {
    expect(await heddle(['train', '--resume', RUN, '--steps', '4', '--threads', '1'])).toMatchObject({ code: 0 });
    expect(configOf(RUN)).toMatchObject({ step: 4, model: wanted });
    await expectLine(['train', '--resume', RUN, '--activation', 'gelu'], /--resume does not go with --activation/);
    await expectLine(['train', '--resume', RUN, '--pre-norm'], /--resume does not go with --pre-norm/);
  });

  it('has one matrix for everything where both sides have one vocabulary', async () => {
    const run = join(folder, 'shared');
    const one = ['--share-vocabulary', '--share-embeddings', '--tie-output', '--positions', 'learned'];
    expect(await heddle(['train', ...TINY, '--data', 'pairs.tsv', '--steps', '2', ...one, '--out', run])).toMatchObject(
      {
        code: 0,
      },
    );
    const { model, training } = configOf(run);
    expect(model).toMatchObject({ sharedEmbeddings: true, tiedOutput: true, srcVocab: model.tgtVocab, maxLength: 512 });
    expect(training.model).toMatchObject({ sharedEmbeddings: true, tiedOutput: true });
    expect((await heddle(['info', run])).stdout).toContain('512 learned positions, shared embeddings, tied output\n');
    const { code, stdout } = await heddle(['translate', '--model', run, '--backend', 'wasm', 'the cat sleeps']);
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
  });

  it('is refused in one line where it cannot be', async () => {
    const train = ['train', '--preset', 'tiny', '--data', 'pairs.tsv'];
    await expectLine([...train, '--width', '30'], /width 30 is not divisible by 4 heads\. Change --width or --heads/);
    await expectLine([...train, '--heads', '64', '--positions', 'rotary'], /width 64 over 64 heads is 1\. Rotary/);
    await expectLine([...train, '--width', '9', '--heads', '3'], /width 9 is odd\. Sinusoidal/);
    await expectLine([...train, '--pre-norm', '--post-norm'], /--pre-norm does not go with --post-norm/);
    await expectLine([...train, '--max-positions', '9'], /--max-positions goes with --positions learned only/);
    await expectLine([...train, '--norm', 'batch'], /--norm: 'batch'\. Expected one of layer, rms/);
    await expectLine([...train, '--dropout', '1'], /--dropout: '1'\. Expected a number from 0 to below 1/);
    await expectLine([...train, '--width', '30'], /宽度 30 不能被 4 个头整除/, { LC_ALL: 'zh_CN.UTF-8' });
    const out = ['--backend', 'wasm', '--out', join(folder, 'none')];
    await expectLine(
      [...train, ...out, '--share-embeddings'],
      /--share-embeddings: .* vocabularies of their own \(\d+ and \d+/,
    );
    const learned = ['--positions', 'learned', '--max-positions', '3'];
    await expectLine([...train, ...out, ...learned], /a sentence has 4 tokens.*for 3\. Give --max-positions 4/);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const inFile = ['--out', join(folder, 'pairs.tsv', 'run')];
    await expectLine([...train, ...inFile], /pairs\.tsv.run: not a directory\./);
  });
});
