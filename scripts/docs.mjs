/**
 * Builds the documentation as a static site: the API reference from the docstrings, the guides in both languages, and the
 * README as its front page. Open build/site/index.html, or put the folder on any web server.
 *
 *   node scripts/docs.mjs [folder]
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Application } from 'typedoc';
import { buildInputs } from './build.mjs';
import { ROOT } from './files.mjs';

/**
 * @param {string} out the folder to write
 * @returns {Promise<readonly string[]>} what is wrong with the docstrings: links that lead nowhere
 */
export async function buildDocs(out) {
  if (!(await buildInputs())) throw new Error('the build failed');
  const app = await Application.bootstrap({
    name: 'heddle',
    entryPoints: [join(ROOT, 'engine/index.ts'), join(ROOT, 'transformer/index.ts')],
    tsconfig: join(ROOT, 'tsconfig.json'),
    readme: join(ROOT, 'README.md'),
    projectDocuments: [
      'docs/*.md',
      'README.zh.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING*.md',
      'BENCHMARKS*.md',
      'CHANGELOG.md',
    ].map((path) => join(ROOT, path)),
    out,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    skipErrorChecking: true,
    sort: ['documents-first', 'alphabetical'],
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    logLevel: 'Warn',
  });
  /** @type {string[]} */
  const problems = [];
  app.logger.warn = (/** @type {string} */ text) => void problems.push(text);
  app.logger.error = (/** @type {string} */ text) => void problems.push(text);
  const project = await app.convert();
  if (project === undefined) throw new Error(`typedoc: ${problems.join('\n')}`);
  app.validate(project);
  await app.generateOutputs(project);
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const out = process.argv[2] ?? join(ROOT, 'build/site');
  for (const problem of await buildDocs(out)) console.warn(problem);
  console.log(`docs     ${join(out, 'index.html')}`);
}
