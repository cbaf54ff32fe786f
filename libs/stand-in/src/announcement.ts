import { rename, writeFile } from 'node:fs/promises';

/** Tells those who wait for us where we are; whole or not at all, so that nobody reads half a file. */
export async function announce(
  readyFile: string,
  adminUrl: string,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  const content = JSON.stringify({ ...facts, adminUrl, pid: process.pid }, null, 2);
  await writeFile(`${readyFile}.new`, `${content}\n`, { mode: 0o600 });
  await rename(`${readyFile}.new`, readyFile);
}
