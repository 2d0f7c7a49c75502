/** The package as a user gets it: packed, installed without dependencies, imported, type-checked and bundled. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import ts from 'typescript';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSupported, collectErrors, openBrowser, serve } from './browser/launch.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

/** What a user may write first. */
const CONSUMER = `
import { type Tensor, tensor } from 'heddle';
import * as transformer from 'heddle/transformer';

export async function numbers(): Promise<number[]> {
  const x: Tensor = tensor([[1, 2], [3, 4]], { requiresGrad: true });
  const loss: Tensor = x.matmul(tensor([[1, 0], [0, 1]])).relu().sum();
  loss.backward();
  return [...(await loss.data()), ...(await x.grad!.data())];
}
export const parts: number = Object.keys(transformer).length;
`;

/** The losses of five steps, wherever this module runs. */
const VITE_LOSSES = `
import { Adam, device, Linear, manualSeed, randn, scope } from 'heddle';
export async function losses(options) {
  try {
    const used = await device('wasm', options);
    manualSeed(3);
    const model = new Linear(8, 4);
    const optimizer = new Adam(model.parameters(), { lr: 0.05 });
    const [x, y] = [randn([512, 8], { seed: 1 }), randn([512, 4], { seed: 2 })];
    const found = [];
    for (let i = 0; i < 5; i++) {
      const s = scope();
      const loss = model.forward(x).mseLoss(y);
      model.zeroGrad();
      loss.backward();
      optimizer.step();
      found.push(await loss.item());
      s.dispose();
    }
    return { losses: found, threads: used.threads, description: used.description };
  } catch (error) {
    return { error: String(error.name + ': ' + error.message) };
  }
}
`;
const VITE_PAGE = `
import { losses } from './losses.js';
const questions = {
  page: () => losses({ threads: 2 }),
  single: () => losses({ threads: 1 }),
  file: () => losses({ threads: 2, worker: () => new Worker(new URL('heddle/worker', import.meta.url)) }),
  worker: () => new Promise((resolve) => {
    const worker = new Worker(new URL('./own.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage('go');
  }),
};
window.answer = (question) => questions[question]();
`;
const VITE_WORKER = `
import { losses } from './losses.js';
onmessage = async () => postMessage(await losses({ threads: 2 }));
`;

interface Answer {
  readonly losses?: readonly number[];
  readonly threads?: number;
  readonly description?: string;
  readonly error?: string;
}

const EXPECTED = [10, 1, 1, 1, 1];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

describe('the packed package', { timeout: 120_000 }, () => {
  let folder: string | undefined;
  let consumer: string;
  let packed: Packed;

  beforeAll(async () => {
    await run(process.execPath, [join(ROOT, 'scripts/build.mjs')], { cwd: ROOT });
    folder = await mkdtemp(join(tmpdir(), 'heddle-pack-'));
    consumer = join(folder, 'consumer');
    await mkdir(consumer);
    await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
    await writeFile(join(consumer, 'main.ts'), CONSUMER);
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', pack, { cwd: ROOT });
    const [first] = JSON.parse(stdout) as Packed[];
    if (first === undefined) throw new Error(`npm pack printed no package: ${stdout}`);
    packed = first;
    const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, join(folder, packed.filename)], { cwd: consumer });
  }, 300_000);

  afterAll(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test('holds the built library and nothing else', async () => {
    const paths = packed.files.map(({ path }) => path);
    const expected = [
      'dist/heddle.js',
      'dist/transformer.js',
      'dist/types/engine/index.d.ts',
      'LICENSE',
      'package.json',
    ];
    expect(paths).toEqual(expect.arrayContaining(expected));
    expect(
      paths.filter(
        (path) =>
          !/^(dist\/.+\.(js|js\.map|d\.ts)|(docs|examples)\/.+\.(md|mjs|html)|LICENSE|[A-Z]+(\.zh)?\.md|package\.json)$/.test(
            path,
          ),
      ),
    ).toEqual([]);
    const manifest = JSON.parse(await readFile(join(consumer, 'node_modules/heddle/package.json'), 'utf8'));
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(paths.filter((path) => /engine\/(webgpu\/encoder|ops\/lines)\.d\.ts$/.test(path))).toEqual([]);
    for (const path of Object.values<string>(manifest.bin)) expect(paths).toContain(path);
  });

  test('runs in Node', async () => {
    const { code } = await bundleConsumer({ packages: 'external', platform: 'node' });
    const script = join(consumer, 'main.mjs');
    await writeFile(
      script,
      `${code}\nconsole.log(JSON.stringify({ numbers: await numbers(), parts }));\nprocess.exit(0);\n`,
    );
    const { stdout } = await run(process.execPath, [script], { cwd: consumer });
    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(result.numbers).toEqual(EXPECTED);
    expect(result.parts).toBeGreaterThan(0);
  });

  test.each([
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])('type-checks under moduleResolution %s, its declarations included', (_name, module, moduleResolution) => {
    const bad = join(consumer, 'bad.ts');
    const wrong = "import { tensor } from 'heddle';\nexport const x: string = tensor([1]).sum();\n";
    const host = ts.createCompilerHost({});
    const readFileOfHost = host.readFile;
    host.fileExists = (path) => path === bad || ts.sys.fileExists(path);
    host.readFile = (path) => (path === bad ? wrong : readFileOfHost(path));
    host.getSourceFile = (path, version) => {
      const text = host.readFile(path);
      return text === undefined ? undefined : ts.createSourceFile(path, text, version);
    };
    host.getCurrentDirectory = () => consumer;
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module,
      moduleResolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      types: [],
    };
    const check = (file: string): string[] => {
      const program = ts.createProgram([file], options, host);
      return ts.getPreEmitDiagnostics(program).map(({ file: at, messageText }) => {
        return `${at?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
    };
    expect(check(join(consumer, 'main.ts'))).toEqual([]);
    expect(check(bad)).toEqual([expect.stringContaining("Type 'Tensor' is not assignable to type 'string'")]);
  });

  test('exports every type that a public signature mentions', () => {
    const root = join(consumer, 'node_modules/heddle/dist/types');
    expect(unexportedTypes(root, ['engine/index.d.ts', 'transformer/index.d.ts'])).toEqual([]);
  });

  test.each([
    ['one operation', "import { tensor } from 'heddle';\nconsole.log(await tensor([1]).add(2).data());", 100_000],
    ['a schedule', "export { noam } from 'heddle';", 1000],
    ['BLEU', "export { corpusBleu } from 'heddle/transformer';", 4000],
  ])('%s, bundled, minified and gzipped, is small', async (_name, contents, limit) => {
    const { outputFiles, warnings } = await build({
      stdin: { contents, resolveDir: consumer },
      absWorkingDir: consumer,
      platform: 'browser',
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
    expect(size).toBeLessThan(limit);
    // what is measured is there at all
    expect(size).toBeGreaterThan(200);
  });

  test('refers to no source map that is missing, and carries none of the tests', async () => {
    for (const { path } of packed.files.filter((file) => file.path.endsWith('.js'))) {
      const text = await readFile(join(consumer, 'node_modules/heddle', path), 'utf8');
      const [, map] = /^\/\/# sourceMappingURL=(.+)$/m.exec(text) ?? [];
      if (map !== undefined) expect(packed.files.map((file) => file.path)).toContain(join(path, '..', map));
      expect(/\bcases: \[\s*\{ inputs\b/.test(text), path).toBe(false);
    }
  });

  test.each(['heddle.js', 'modules/engine/index.js'])('%s runs on both devices', async (path) => {
    const module = pathToFileURL(join(ROOT, 'dist', path)).href;
    const script = `
      import { openDevice, tensor } from ${JSON.stringify(module)};
      const results = [];
      for (const kind of ['wasm', 'webgpu']) for (const deterministic of [false, true]) {
        const device = await openDevice(kind, { deterministic, threads: 2 });
        const x = tensor([[1, 2], [3, 4]], { device, requiresGrad: true });
        const y = x.matmul(x).softmax(-1).select(1, 0).sum();
        y.backward();
        results.push([await y.item(), ...(await x.grad.data())]);
      }
      console.log(JSON.stringify(results));
      process.exit(0);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT });
    const results = JSON.parse(stdout.trim().split('\n').at(-1)!) as number[][];
    expect(results).toHaveLength(4);
    for (const result of results) {
      expect(result).toHaveLength(5);
      for (const [i, value] of result.entries()) expect(value).toBeCloseTo(results[1]![i]!, 5);
    }
  });

  test('bundles for a web page without hints to the bundler', async () => {
    const { code, warnings } = await bundleConsumer({ platform: 'browser' });
    expect(warnings).toEqual([]);
    expect(code).not.toMatch(/\bfrom\s*["'](node:|webgpu)/);
  });

  test.skipIf(!browserSupported)('runs in a web page', async () => {
    const { code } = await bundleConsumer({ platform: 'browser' });
    const html = '<!doctype html><html lang="en"><title>consumer</title><link rel="icon" href="data:,">';
    await using server = await serve({ files: { '/index.html': html, '/main.js': code } });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const errors = collectErrors(page);
      await page.goto(server.url);
      expect(await page.evaluate("import('/main.js').then((main) => main.numbers())")).toEqual(EXPECTED);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  describe.skipIf(!browserSupported)('built by Vite', () => {
    let dist: string;
    let browser: Awaited<ReturnType<typeof openBrowser>>;

    // biome-ignore lint/suspicious/noDuplicateTestHooks: that of the outer describe packs, this one builds
    beforeAll(async () => {
      await writeFile(join(consumer, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>');
      await writeFile(join(consumer, 'page.js'), VITE_PAGE);
      await writeFile(join(consumer, 'losses.js'), VITE_LOSSES);
      await writeFile(join(consumer, 'own.js'), VITE_WORKER);
      dist = join(consumer, 'out');
      await viteBuild({
        root: consumer,
        logLevel: 'warn',
        configFile: false,
        build: { outDir: dist, target: 'es2022' },
        worker: { format: 'es' },
      });
      browser = await openBrowser();
    }, 120_000);
    // biome-ignore lint/suspicious/noDuplicateTestHooks: likewise
    afterAll(() => browser?.close());

    /** What the page answers under these headers. */
    async function ask(question: string, options: { isolated?: boolean; policy?: string }): Promise<Answer> {
      const headers = options.policy === undefined ? {} : { 'Content-Security-Policy': options.policy };
      await using server = await serve({ folder: dist, isolated: options.isolated ?? true, headers });
      const page = await browser.newPage();
      try {
        await page.goto(server.url);
        await page.waitForFunction('window.answer !== undefined');
        return (await page.evaluate(`window.answer(${JSON.stringify(question)})`)) as Answer;
      } finally {
        await page.close();
      }
    }

    test('losses are the same isolated or not, in a worker, and under a policy', async () => {
      const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
      const want = await ask('page', {});
      expect(want.losses).toHaveLength(5);
      expect(want.losses![4]!).toBeLessThan(want.losses![0]!);
      expect(want.threads).toBe(2);
      const open = await ask('page', { isolated: false });
      expect([open.losses, open.threads]).toEqual([want.losses, 1]);
      expect(open.description).toContain('not cross-origin isolated');
      expect((await ask('worker', {})).losses).toEqual(want.losses);
      const strict = await ask('file', { policy });
      expect([strict.losses, strict.threads]).toEqual([want.losses, 2]);
      expect((await ask('single', { policy })).losses).toEqual(want.losses);
    });

    test('what a policy refuses is said in a DeviceError', async () => {
      const { error } = await ask('single', { policy: "script-src 'self'" });
      expect(error).toMatch(/^DeviceError: wasm: .*'wasm-unsafe-eval'/);
      const blob = await ask('page', { policy: "script-src 'self' 'wasm-unsafe-eval'" });
      expect(blob.error).toMatch(/^DeviceError: wasm: .*heddle\/worker/);
    });
  });

  test.each([
    ['mlp', 60_000, /right: (29\d|300) of 300/],
    ['characterGpt', 180_000, /step 200 {2}loss 0\.[0-2]\d+\nThis is the cat that killed the rat/],
    [
      'customOperation',
      60_000,
      /checkOp: true\ngradcheck: true\ntensor\(\[0\.4142, 1\.0000, 2\.4142\]\)\ntensor\(\[1\., 1\.\]\)/,
    ],
    [
      'attentionMaps',
      60_000,
      /decoder\.layers\.1\.selfAttention\.scaledDotProductAttention\.softmax {2}\[1, 2, 8, 8\]/,
    ],
  ])('examples/%s.mjs runs from the package', { timeout: 200_000 }, async (name, timeout, printed) => {
    const script = join(consumer, `node_modules/heddle/examples/${name}.mjs`);
    const { stdout } = await run(process.execPath, [script], { cwd: consumer, timeout });
    expect(stdout).toMatch(printed);
  });

  test.each(['README.md', 'README.zh.md'])("%s's first example prints what stands below it", async (file) => {
    const text = await readFile(join(ROOT, file), 'utf8');
    const [, code, printed] = /```js\n(import \{ device, randn[\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(text)!;
    await writeFile(join(consumer, 'first.mjs'), code!);
    const { stdout } = await run(process.execPath, ['first.mjs'], { cwd: consumer });
    const values = (output: string): string => output.split('\n').slice(1).join('\n');
    expect(values(stdout)).toBe(values(printed!));
  });

  test.skipIf(!browserSupported)('examples/page.html fits its line', async () => {
    await using server = await serve({ folder: join(consumer, 'node_modules/heddle') });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const errors = collectErrors(page);
      await page.goto(`${server.url}examples/page.html`);
      await page.waitForFunction("document.querySelector('#log').textContent.includes('y = ')");
      expect(await page.evaluate("document.querySelector('#log').textContent")).toMatch(
        /y = (2\.9\d|3\.0\d) x \+ 0\.[45]\d/,
      );
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test('publint finds nothing, and every import of the package resolves to types', async () => {
    const { messages } = await publint({ pkgDir: join(consumer, 'node_modules/heddle'), strict: true, pack: false });
    expect(messages).toEqual([]);
    const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    await run(process.execPath, [attw, join(folder!, packed.filename), '--profile', 'esm-only'], { cwd: ROOT });
  });

  test('asks for no script when it is installed, and its guides link to each other', async () => {
    const root = join(consumer, 'node_modules/heddle');
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toHaveProperty(name);
    const paths = new Set(packed.files.map(({ path }) => path));
    const broken: string[] = [];
    for (const path of paths) {
      if (!path.endsWith('.md')) continue;
      const text = await readFile(join(root, path), 'utf8');
      for (const [, link] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        const target = normalize(join(dirname(path), link!));
        if (!paths.has(target) && ![...paths].some((p) => p.startsWith(`${target.replace(/\/$/, '')}/`)))
          broken.push(`${path}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  /** The consumer's module, bundled the way `options` say. */
  async function bundleConsumer(options: { platform: 'browser' | 'node'; packages?: 'external' }) {
    const { outputFiles, warnings } = await build({
      ...options,
      entryPoints: [join(consumer, 'main.ts')],
      absWorkingDir: consumer,
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      logLevel: 'silent',
    });
    return { code: outputFiles[0]?.text ?? '', warnings: warnings.map(({ text }) => text) };
  }
});

/**
 * Types of the package that exported declarations mention and no entry exports, each with who mentions it. Private and
 * internal members count for nothing, nor do the base classes of classes: their members are inherited and documented.
 */
function unexportedTypes(root: string, entries: readonly string[]): string[] {
  const files = entries.map((entry) => join(root, entry));
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  });
  const checker = program.getTypeChecker();
  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set<ts.Symbol>();
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    for (const symbol of checker.getExportsOfModule(module)) exported.add(resolved(symbol));
  }
  const missing = new Set<string>();
  for (const { name: owner, declarations } of exported) {
    const visit = (node: ts.Node): void => {
      const flags = ts.isClassElement(node) ? ts.getCombinedModifierFlags(node) : 0;
      const internal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
      const base = ts.isHeritageClause(node) && ts.isClassDeclaration(node.parent);
      if (internal || base || flags & ts.ModifierFlags.Private) return;
      const mentioned = ts.isTypeReferenceNode(node)
        ? node.typeName
        : ts.isExpressionWithTypeArguments(node)
          ? node.expression
          : undefined;
      const found = mentioned === undefined ? undefined : checker.getSymbolAtLocation(mentioned);
      const symbol = found === undefined ? undefined : resolved(found);
      const from = symbol?.declarations?.[0]?.getSourceFile().fileName ?? '';
      const hidden = symbol?.declarations?.some((d) => ts.getJSDocTags(d).some((t) => t.tagName.text === 'internal'));
      const parameter = symbol !== undefined && (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0;
      if (
        symbol !== undefined &&
        /\/dist\/types\/(?!webgpu\.d\.ts)/.test(from) &&
        !parameter &&
        !hidden &&
        !exported.has(symbol)
      ) {
        missing.add(`${symbol.name}, which ${owner} mentions`);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of declarations ?? []) visit(declaration);
  }
  return [...missing].sort();
}
