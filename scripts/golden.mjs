/** Compares heddle with the recorded results of other implementations: `npm run golden -- --backend wasm|webgpu`. */
import { runSource } from './run-source.mjs';

process.exitCode = await runSource('tests/golden/main.ts', process.argv.slice(2));
