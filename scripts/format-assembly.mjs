/**
 * Formats the AssemblyScript sources with Biome.
 *
 * AssemblyScript puts decorators on functions and variables, which TypeScript's grammar, and so Biome, refuses. They are
 * hidden in comments while Biome formats. Nothing is linted: the rules are about JavaScript's meaning of the same words.
 *
 *   node scripts/format-assembly.mjs           lists files that are not formatted and fails
 *   node scripts/format-assembly.mjs --write   formats them
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { filesBelow, fromRoot, ROOT, writeChanged } from './files.mjs';

const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
const MARK = '//~';
const DECORATOR = /@\w+(?:\([^)\n]*\))?/g;
const DECORATORS = /^[ \t]*(?:@\w+(?:\([^)\n]*\))?\s*)+(?=(?:export|declare|function|const|let)\b)/gm;

const write = process.argv.includes('--write');
const wrong = [];
for (const path of await filesBelow(join(ROOT, 'engine/wasm/assembly'))) {
  if (!path.endsWith('.ts')) continue;
  const before = await readFile(path, 'utf8');
  const after = format(before, path);
  if (after === before) continue;
  if (write) await writeChanged(path, after);
  else wrong.push(fromRoot(path));
}
if (wrong.length > 0) {
  console.error(`not formatted (npm run format does it):\n  ${wrong.join('\n  ')}`);
  process.exitCode = 1;
}

/**
 * @param {string} source
 * @param {string} path
 */
function format(source, path) {
  // Each decorator goes to a line of its own, which is where Biome leaves a comment.
  const hidden = source.replace(DECORATORS, (all) => {
    const indent = /^[ \t]*/.exec(all)?.[0] ?? '';
    return (all.match(DECORATOR) ?? []).map((one) => `${indent}${MARK}${one}\n`).join('') + indent;
  });
  // The sources are excluded from `biome check`, so the formatter gets them under a name that is not.
  const name = fromRoot(path).replace('engine/wasm/assembly/', 'engine/wasm/');
  const args = [BIOME, 'format', `--stdin-file-path=${name}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, input: hidden, encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot format ${fromRoot(path)}:\n${stdout}${stderr}`);
  return stdout.replaceAll(MARK, '');
}
