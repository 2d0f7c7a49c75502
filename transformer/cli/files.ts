import { rename, writeFile } from 'node:fs/promises';

/** Writes a file in one step: whoever reads it sees the old one or the new one, never a half. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, content);
  await rename(beside, path);
}
