import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine, logOf, TINY } from './support/cli.ts';

const { folder, heddle, expectLine } = commandLine();

const BYTES = { MB: 1e6, GB: 1e9 };
const sizesIn = (line: string): number[] =>
  [...line.matchAll(/([\d.]+) (MB|GB)/g)].map(([, size, unit]) => Number(size) * BYTES[unit as keyof typeof BYTES]);

describe('memory from the command line', () => {
  it('is told before a run, part by part, and is what the run then takes', async () => {
    const args = ['train', ...TINY, '--data', 'pairs.tsv', '--steps', '3', '--memory', '200MB', '--out', 'run'];
    const { code, stdout } = await heddle(args);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => /memory +parameters +gradients +optimizer +activations/.test(line));
    const sizes = sizesIn(lines[at + 1]!);
    expect(sizes).toHaveLength(6);
    const total = sizes.pop()!;
    expect(Math.abs(sizes.reduce((a, b) => a + b) - total)).toBeLessThan(0.05 * total);
    const { peak } = (logOf(join(folder, 'run')).at(-1) as unknown as { memory: { peak: number } }).memory;
    expect(total / peak).toBeGreaterThan(0.9);
    expect(total / peak).toBeLessThan(1.1);
  });

  it('that is not there is told before anything is computed, with a batch that fits and then does', async () => {
    const words = (n: number, i: number): string => Array.from({ length: n }, (_, k) => `w${(i * k) % 40}`).join(' ');
    const lines = Array.from({ length: 200 }, (_, i) => `${words(9 + (i % 8), i)}\t${words(8 + (i % 9), i + 1)}`);
    writeFileSync(join(folder, 'long.tsv'), lines.join('\n'));
    const args = ['train', '--backend', 'wasm', '--threads', '1', '--preset', 'tiny', '--data', 'long.tsv'];
    const limited = [...args, '--memory', '20MB'];
    const { code, stdout, stderr } = await heddle([...limited, '--batch-tokens', '4096', '--out', 'large']);
    expect([code, stdout]).toEqual([2, '']);
    const [, tokens] = /^heddle: memory: this run may take \d+ MB, and there are 20 MB\. .*--batch-tokens (\d+)/.exec(
      stderr,
    )!;
    // the proposal trains, and a hundred tokens more would be refused again
    const fitting = await heddle([...limited, '--batch-tokens', tokens!, '--steps', '4', '--out', 'fitting']);
    expect(fitting.code).toBe(0);
    const more = `${Number(tokens) + 128}`;
    await expectLine([...limited, '--batch-tokens', more, '--out', 'more'], new RegExp(`--batch-tokens ${tokens},`));
    await expectLine(
      [...limited, '--width', '1024', '--out', 'wide'],
      /too little for any batch\. Take a smaller model \(--preset, --width, --layers\)/,
    );
    await expectLine([...args, '--memory', '1k'], /--memory: '1k'\. Expected a size of at least 16MB/);
  });
});
