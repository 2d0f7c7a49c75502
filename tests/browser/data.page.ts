import { type ByteInput, loadPairs, openFile } from '../../transformer/text/data/index.ts';

const packed = async (content: Blob): Promise<Blob> =>
  new Response(content.stream().pipeThrough(new CompressionStream('gzip'))).blob();

/** Pairs read from every kind of source a page has, or the error. */
export default async function read(): Promise<Record<string, number | string>> {
  const text = new Blob(['a\tb\n一\t二\n'.repeat(20_000)]);
  const gz = await packed(text);
  const inputs: Record<string, () => ByteInput | Promise<ByteInput>> = {
    file: () => new File([text], 'x.tsv'),
    'packed file': () => new File([gz], 'x.tsv.gz'),
    stream: () => gz.stream(),
    fetched: () => fetch('data:text/plain,a%09b'),
    'cut off': () => gz.slice(0, gz.size - 9),
    'two parts': () => new Blob([gz, gz]),
    path: () => openFile('x.tsv').open(),
  };
  const found: Record<string, number | string> = {};
  for (const [name, open] of Object.entries(inputs)) {
    try {
      found[name] = (await loadPairs({ name, open })).report.kept;
    } catch (error) {
      found[name] = (error as Error).message;
    }
  }
  return found;
}
