import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Bound {
  address(): string | { readonly port: number } | null;
}

/** Where a server that was bound is reached. */
export function urlOf(scheme: 'http' | 'https', host: string, server: Bound): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server is not bound to a port');
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/**
 * Tells those who wait for us where we are, in a file of the data folder; whole or not at all, so that nobody reads half of it.
 * @param name of the stand-in, and of the file
 */
export async function announce(
  dataFolder: string | undefined,
  name: string,
  url: string,
  facts: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (dataFolder === undefined) return;
  const readyFile = join(dataFolder, `${name}.json`);
  const content = JSON.stringify({ url, ...facts, adminUrl: `${url}/admin`, pid: process.pid }, null, 2);
  await writeFile(`${readyFile}.new`, `${content}\n`, { mode: 0o600 });
  await rename(`${readyFile}.new`, readyFile);
}
