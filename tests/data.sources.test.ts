import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DataReport, loadPairs, openFile, readPairs, textSource } from '../transformer/text/data/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-sources-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('files without a pair', () => {
  it('are an error that says what is wrong with them and what to do', async () => {
    await expect(loadPairs(textSource('e.tsv', ''))).rejects.toThrow(
      'e.tsv: no sentence pairs. Expected at least one.',
    );
    await expect(loadPairs(textSource('e.tsv', '\n\n'))).rejects.toThrow('Expected at least one');
    await expect(loadPairs(textSource('n.txt', 'one\ntwo\n'))).rejects.toThrow(
      /n\.txt: no sentence pairs\. Read 2 lines.*2 without a tab.*\(lines 1, 2\)\. Expected source, tab, target/,
    );
    const gb18030 = Uint8Array.of(0xc3, 0xa8, 9, 0xb9, 0xb7, 10);
    await expect(loadPairs(textSource('g.tsv', gb18030))).rejects.toThrow(/not UTF-8.*GB18030/);
    const utf16 = new Uint8Array(Uint16Array.from('\ufeffcat\t猫\ndog\t狗\n', (c) => c.charCodeAt(0)).buffer);
    await expect(loadPairs(textSource('u.tsv', utf16))).rejects.toThrow(/not UTF-8.*UTF-16/);
    await expect(loadPairs(textSource('j.jsonl', '{"a":1}\n'))).rejects.toThrow(/Name the keys/);
    await expect(loadPairs([])).rejects.toThrow('0 files');
  });

  it('that cannot be read name themselves', async () => {
    await expect(loadPairs(openFile(join(folder, 'none.tsv')))).rejects.toMatchObject({
      code: 'ENOENT',
      path: join(folder, 'none.tsv'),
    });
    await expect(loadPairs(openFile(folder))).rejects.toMatchObject({ code: 'EISDIR', path: folder });
    const packed = gzipSync('a\tb\n'.repeat(10_000));
    for (const damaged of [
      packed.subarray(0, -20),
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      Uint8Array.of(...packed, 1, 2, 3),
    ]) {
      writeFileSync(join(folder, 'd.gz'), damaged);
      await expect(loadPairs(openFile(join(folder, 'd.gz')))).rejects.toThrow(
        'd.gz: a gzip file that is damaged or cut off',
      );
    }
    const broken = {
      name: 'x.gz',
      async *open() {
        yield packed.subarray(0, 30);
        throw new Error('the line went dead');
      },
    };
    await expect(loadPairs(broken)).rejects.toThrow('the line went dead');
  });
});

describe('sources', () => {
  it('are whatever gives bytes: text, bytes, blobs, streams, answers of servers', async () => {
    const text = 'a\tb\nc\td\n';
    const packed = gzipSync(text.repeat(5000));
    const open = (input: () => ReturnType<ReturnType<typeof textSource>['open']>) => ({ name: 'x.tsv', open: input });
    for (const input of [
      () => text.repeat(5000),
      () => utf8(text.repeat(5000)),
      () => new Blob([packed]),
      () => new Blob([packed]).stream() as ReadableStream<Uint8Array>,
      () => new Response(packed),
      async () => new Response(text.repeat(5000)),
      () => Array.from(packed, (b) => Uint8Array.of(b)),
    ]) {
      expect((await loadPairs(open(input))).report.kept).toBe(10_000);
    }
    await expect(loadPairs(open(() => new Response('', { status: 404 })))).rejects.toThrow('the server answered 404');
  });

  it('are closed when the reader stops early', async () => {
    const packed = gzipSync(Array.from({ length: 100_000 }, (_, i) => `a${i}\tb${i * 7919}\n`).join(''));
    for (const content of [packed, utf8('a\tb\n'.repeat(100_000))]) {
      let closed = false;
      const source = {
        name: 'x.tsv',
        *open() {
          try {
            for (let i = 0; i < content.length; i += 1000) yield content.subarray(i, i + 1000);
          } finally {
            closed = true;
          }
        },
      };
      for await (const pair of readPairs(source)) {
        expect(pair.line).toBe(1);
        break;
      }
      expect(closed).toBe(true);
    }
  });

  it('larger than memory are read a piece at a time', async () => {
    // 20 MB here; the same code has read 200 MB and more with the same memory
    const total = 20_000_000;
    const block = utf8(
      Array.from({ length: 800 }, (_, i) => `the cat number ${i} sat on a mat\t第 ${i} 只猫坐在垫子上。\textra\n`).join(
        '',
      ),
    );
    let made = 0;
    let most = 0;
    let used = 0;
    const source = {
      name: 'endless.tsv',
      *open() {
        for (; made < total; made += block.length) {
          most = Math.max(most, made - used);
          yield block;
        }
      },
    };
    const report = new DataReport();
    let checksum = 0;
    for await (const { source: s, target: t, line } of readPairs(source, { report })) {
      used = Math.floor((line / 800) * block.length);
      checksum += s.length + t.length;
    }
    expect(report.kept).toBe(Math.ceil(total / block.length) * 800);
    expect(checksum).toBeGreaterThan(report.kept * 30);
    // never more than a few pieces ahead of the reader
    expect(most).toBeLessThan(4 * block.length);
  });
});
