/** Runs the benchmark suite: `npm run bench -- --suite all --backend wasm --peers`; bench/options.ts has all there is. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPage } from './bench-page.mjs';
import { installPeers } from './bench-peers.mjs';
import { ROOT } from './files.mjs';
import { runSource } from './run-source.mjs';
import { serve } from './serve.mjs';

const args = process.argv.slice(2);

/** The same suite for a browser. */
async function page() {
  const { values } = parseArgs({
    args,
    options: {
      page: { type: 'boolean' },
      peers: { type: 'boolean' },
      out: { type: 'string' },
      port: { type: 'string' },
    },
  });
  const folder = values.out === undefined ? join(ROOT, 'build/bench-page') : resolve(values.out);
  if (!(await buildPage(folder))) return 1;
  if (values.out !== undefined) {
    console.log(
      `${folder}\nServe it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.`,
    );
    return 0;
  }
  const { url } = await serve({ folder, port: Number(values.port ?? 8080) });
  console.log(`${url} (Ctrl+C ends it)`);
  return undefined;
}

if (args.includes('--peers')) await installPeers();
process.exitCode = await (args.includes('--page') ? page() : runSource('bench/main.ts', args));
