/** A static server for pages: those of the tests, and that of the benchmark. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';

/** @type {Readonly<Record<string, string>>} */
const MEDIA_TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/**
 * Starts a server on a port of 127.0.0.1.
 *
 * @typedef {object} ServeOptions
 * @property {string} [folder] a folder whose files are served
 * @property {Readonly<Record<string, string | Uint8Array>>} [files] further files by their path, `/index.html` for one; they
 *   go before those of the folder
 * @property {boolean} [isolated] cross-origin isolation (COOP and COEP), which shared memory and so threads need; default true
 * @property {Readonly<Record<string, string>>} [headers] further headers of every answer
 * @property {number} [port] default: a free one
 *
 * @param {ServeOptions} options
 * @returns {Promise<{ url: string } & AsyncDisposable>} its address with a slash at the end; `await using` closes it
 */
export async function serve({ folder, files = {}, isolated = true, headers: more = {}, port = 0 }) {
  /** @type {Record<string, string>} */
  const headers = { 'Cache-Control': 'no-store', ...more };
  if (isolated) {
    headers['Cross-Origin-Opener-Policy'] = 'same-origin';
    headers['Cross-Origin-Embedder-Policy'] = 'require-corp';
  }
  /** @param {string} path @returns {Promise<string | Uint8Array | null>} */
  const find = async (path) => {
    const given = Object.hasOwn(files, path) ? files[path] : undefined;
    if (given !== undefined) return given;
    if (folder === undefined) return null;
    const file = join(folder, path);
    return file.startsWith(resolve(folder) + sep) ? readFile(file).catch(() => null) : null;
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const body = await find(path);
    const type = MEDIA_TYPES[extname(path)] ?? 'application/octet-stream';
    response.writeHead(body === null ? 404 : 200, { ...headers, 'Content-Type': body === null ? 'text/plain' : type });
    response.end(body ?? `no such file: ${path}`);
  });
  await /** @type {Promise<void>} */ (
    new Promise((done, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', done);
    })
  );
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
