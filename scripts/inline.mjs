/**
 * Imports of text. With `?inline`, a script or a style sheet, with all it imports, bundled and minified into one string, for
 * a page that must stand alone: `import script from './client.ts?inline'`. With `?raw`, a file just as it is, as Vite has it
 * too: `import text from './train.py?raw'`. TypeScript learns of them from transformer/report/inline.d.ts and
 * transformer/export/raw.d.ts.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';

const QUERY = '?inline';
const RAW = '?raw';
const MARK = '\0inline:';

/** @param {string} path */
async function bundled(path) {
  const result = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return {
    text: (result.outputFiles[0]?.text ?? '').trim(),
    files: Object.keys(result.metafile.inputs).map((p) => resolve(p)),
  };
}

/** @returns {import('esbuild').Plugin} */
export function inlineEsbuild() {
  return {
    name: 'inline',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\?inline$/ }, ({ path, resolveDir }) => ({
        path: resolve(resolveDir, path.slice(0, -QUERY.length)),
        namespace: 'inline',
      }));
      onLoad({ filter: /.*/, namespace: 'inline' }, async ({ path }) => {
        const { text, files } = await bundled(path);
        return { contents: text, loader: 'text', watchFiles: files };
      });
      onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
        path: resolve(resolveDir, path.slice(0, -RAW.length)),
        namespace: 'raw',
      }));
      onLoad({ filter: /.*/, namespace: 'raw' }, async ({ path }) => {
        return { contents: await readFile(path), loader: 'text', watchFiles: [path] };
      });
    },
  };
}

/**
 * The `?inline` imports of Vite and Vitest; they know `?raw` by themselves.
 *
 * @returns {import('vite').Plugin}
 */
export function inlineVite() {
  return {
    name: 'inline',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!source.endsWith(QUERY) || importer === undefined) return null;
      // The name must not end in .css, or Vite takes the loaded module for a style sheet.
      return `${MARK}${resolve(dirname(importer), source.slice(0, -QUERY.length))}${QUERY}.js`;
    },
    async load(id) {
      if (!id.startsWith(MARK)) return null;
      const { text, files } = await bundled(id.slice(MARK.length, -`${QUERY}.js`.length));
      for (const file of files) this.addWatchFile(file);
      return { code: `export default ${JSON.stringify(text)};\n`, map: null };
    },
  };
}
