/**
 * Runs code in a real browser: headless Chromium with WebGPU on the software adapter.
 *
 * `runPage` bundles a TypeScript module, opens it in a page and returns what its default export resolves to. For an app
 * with pages of its own, `serve` its folder and open the address with `openBrowser`.
 */
import { resolve } from 'node:path';
import { build } from 'esbuild';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { serve } from '../../scripts/serve.mjs';
import { softwareAdapterSupported, softwareChromium } from '../../scripts/software-adapter.mjs';
import { wgslEsbuild } from '../../shaders/plugin.mjs';

export { serve };

/** Whether the packaged browser runs on this machine. */
export const browserSupported: boolean = softwareAdapterSupported;

const ROOT = resolve(import.meta.dirname, '../..');

/** Starts the browser; close it when done. */
export async function openBrowser(): Promise<Browser> {
  const { executable, args, env } = await softwareChromium();
  return puppeteer.launch({
    executablePath: executable,
    args,
    env: { ...process.env, ...env },
    headless: 'shell',
    protocolTimeout: 300_000,
  });
}

/** What went wrong in a page; it fills while the page lives. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  page.on('requestfailed', (request) => errors.push(`${request.url()}: ${request.failure()?.errorText ?? 'failed'}`));
  page.on('response', (response) => {
    // Browsers ask for an icon by themselves.
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico')) {
      errors.push(`${response.url()}: ${response.status()}`);
    }
  });
  return errors;
}

/** How `runPage` runs its module. */
export interface RunOptions {
  /** A browser that is running already; without one, one is started and closed. */
  readonly browser?: Browser;
  /** Cross-origin isolation. Default true. */
  readonly isolated?: boolean;
  /** What the module's default export is called with: anything JSON can hold. */
  readonly argument?: unknown;
  /** Milliseconds the module has. Default 60,000. */
  readonly timeout?: number;
}

/** What came out of a page. */
export interface PageResult<T> {
  /** What the module's default export resolved to. */
  readonly result: T;
  /** Console errors, uncaught exceptions and failed requests. */
  readonly errors: readonly string[];
}

/**
 * Bundles a module and runs its default export, a function of one argument, in a page.
 *
 * @param entry path of the module from the repository's root
 * @throws {Error} when the function throws or takes too long, with the page's errors
 */
export async function runPage<T>(entry: string, options: RunOptions = {}): Promise<PageResult<T>> {
  const { isolated = true, argument = null, timeout = 60_000 } = options;
  const script = await bundlePage(entry);
  const html =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">';
  await using server = await serve({ files: { '/index.html': html, '/page.js': script }, isolated });
  const browser = options.browser ?? (await openBrowser());
  try {
    const page = await browser.newPage();
    const errors = collectErrors(page);
    try {
      await page.goto(server.url);
      const call = `import('/page.js').then((module) => module.default(${JSON.stringify(argument)}))`;
      const result = (await within(timeout, page.evaluate(call))) as T;
      return { result, errors };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error([`${entry} failed in the browser: ${message}`, ...errors].join('\n'), { cause: error });
    } finally {
      await page.close();
    }
  } finally {
    if (options.browser === undefined) await browser.close();
  }
}

/** One script with everything the module imports, as a bundler of a web page makes it. */
async function bundlePage(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'inline',
    external: ['webgpu', 'node:*'],
    loader: { '.wasm': 'binary' },
    plugins: [wgslEsbuild()],
    logLevel: 'warning',
  });
  return outputFiles[0]?.text ?? '';
}

/** The value of a promise, or an error when it takes longer than `timeout` milliseconds. */
async function within<T>(timeout: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
