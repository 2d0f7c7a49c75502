/** Says what to do where the package has not been built. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './files.mjs';

if (!existsSync(join(ROOT, 'dist/cli.js'))) {
  console.error('heddle is not built: dist/cli.js is missing. Run `npm run build`.');
  process.exitCode = 1;
}
