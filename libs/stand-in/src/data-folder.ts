import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const announcement = z.object({ adminUrl: z.url(), pid: z.number() });
const health = z.object({ pid: z.number() });

/**
 * Two processes on one journal would lose keys. The announcement of a running one names its address; a process id
 * alone proves nothing, since the system gives them out again.
 * @throws Error when the folder is in use.
 */
export async function refuseSecondProcess(readyFile: string): Promise<void> {
  const announced = await readFile(readyFile, 'utf8').catch(() => undefined);
  if (announced === undefined) return;
  const parsed = announcement.safeParse(parseOrNothing(announced));
  if (!parsed.success) return;
  const { adminUrl, pid } = parsed.data;
  const answer = await fetch(`${adminUrl}/health`, { signal: AbortSignal.timeout(500) })
    .then((response) => response.json())
    .catch(() => undefined);
  const running = health.safeParse(answer);
  if (running.success && running.data.pid === pid) {
    throw new Error(`the data folder of ${readyFile} is in use by process ${pid} at ${adminUrl}`);
  }
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

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
