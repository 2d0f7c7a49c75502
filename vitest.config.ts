import { existsSync, readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { inlineVite } from './scripts/inline.mjs';
import { wgslVite } from './shaders/plugin.mjs';

/** Serves a `.wasm` import as its bytes, as esbuild's `binary` loader does in the bundles. */
function wasmBytes(): Plugin {
  return {
    name: 'wasm-bytes',
    enforce: 'pre',
    load(id) {
      const path = id.replace(/\?.*$/, '');
      if (!path.endsWith('.wasm')) return null;
      if (!existsSync(path)) throw new Error(`${path} is missing. Run \`npm run build\`.`);
      this.addWatchFile(path);
      const base64 = readFileSync(path).toString('base64');
      return { code: `export default Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0));\n`, map: null };
    },
  };
}

export default defineConfig({
  plugins: [wgslVite(), inlineVite(), wasmBytes()],
  test: {
    include: ['tests/**/*.test.ts'],
    // Dawn is a native addon: a process per file keeps devices apart, and a software adapter has threads of its own.
    pool: 'forks',
    maxWorkers: 2,
    // the leak report is tested by asking for a collection
    execArgv: ['--expose-gc'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
