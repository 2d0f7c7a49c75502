/** Runs the benchmark suite: `npm run bench -- --backend wasm|webgpu`. */
import { runSource } from './run-source.mjs';

process.exitCode = await runSource('bench/main.ts', process.argv.slice(2));
