/** Engines in processes of their own; Node only. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkBatch } from '../check/model.ts';
import type { BenchCase, TrainingCase } from '../suite/case.ts';
import { type NamedArray, opInputs } from '../suite/inputs.ts';
import { parameterValues, type TokenBatch, tokenBatch } from '../suite/models.ts';
import type { Answer, Call } from './host.ts';
import type { Channel } from './remote.ts';

/** What a process is started with to become the host of an engine. */
export const HOST_FLAG = '--host-of-an-engine';

/** The same program once more, as a host: see main.ts. */
export function forkHost(program: string): Channel {
  const child = fork(program, [HOST_FLAG], { serialization: 'advanced' });
  return {
    send: (call) => void child.send(call),
    listen(answer, lost) {
      child.on('message', (message) => answer(message as Answer));
      onEnd(child, lost);
    },
    end: () => void child.kill(),
  };
}

function onEnd(child: ChildProcess, lost: (why: string) => void): void {
  child.once('error', (error) => lost(`the process did not start: ${error.message}`));
  child.once('exit', (code, signal) => lost(`the process ended (${signal ?? `exit code ${code}`})`));
}

/** Interpreters to look for PyTorch in. */
const PYTHONS = ['python3', '/usr/bin/python3'];

/** The first Python that has PyTorch, or null. */
export async function findPyTorch(): Promise<string | null> {
  for (const python of PYTHONS) {
    const found = await new Promise<boolean>((resolve) => {
      const child = spawn(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
    if (found) return python;
  }
  return null;
}

/** PyTorch in a Python process: JSON by lines, arrays in files. */
export function pythonHost(python: string, script: string): Channel {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
  const reading = new Set<number>();
  return {
    send(call) {
      if (call.method === 'outputs') reading.add(call.id);
      const sent = call.method === 'prepare' ? withArrays(call, folder) : call;
      child.stdin.write(`${JSON.stringify(sent)}\n`);
    },
    listen(answer, lost) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const given = JSON.parse(line) as Answer;
        answer(
          reading.delete(given.id) && given.error === undefined ? { ...given, result: readAll(given.result) } : given,
        );
      });
      onEnd(child, lost);
    },
    end() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything a case needs, written to files. */
function withArrays(call: Call, folder: string): Call {
  const c = call.argument as BenchCase;
  const arrays: Record<string, object> = {};
  let count = 0;
  const add = (name: string, { shape, values }: NamedArray, dtype: string): void => {
    const file = join(folder, `in-${count++}.bin`);
    writeFileSync(file, values);
    arrays[name] = { shape, dtype, file };
  };
  for (const [name, array] of Object.entries(opInputs(c))) {
    add(name, array, c.kind === 'op' ? (c.inputs[name]!.dtype ?? 'float32') : 'float32');
  }
  if (c.kind === 'training') {
    for (const [name, array] of Object.entries(parameterValues(c.model))) add(`p:${name}`, array, 'float32');
    for (const [prefix, batch] of batchesOf(c)) {
      const { rows, sourceLength, targetLength, source, input, expected } = batch;
      add(`${prefix}:source`, { shape: [rows, sourceLength], values: source }, 'int32');
      add(`${prefix}:input`, { shape: [rows, targetLength], values: input }, 'int32');
      add(`${prefix}:expected`, { shape: [rows, targetLength], values: expected }, 'int32');
    }
  }
  return { ...call, argument: { case: c, arrays } };
}

const batchesOf = (c: TrainingCase): [string, TokenBatch][] => [
  ['batch', tokenBatch(c.rows, c.sourceLength, c.targetLength, c.model.vocab)],
  ['check', checkBatch(c)],
];

const readAll = (files: unknown): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(files as Record<string, string>).map(([name, file]) => {
      const { buffer, byteOffset, byteLength } = readFileSync(file);
      return [name, new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))];
    }),
  );
