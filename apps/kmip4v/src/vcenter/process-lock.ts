import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Refusal } from './refusal';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * Lets one process at a time work on something. A lock whose process has gone counts for nothing.
 * @param what that another process works on, for the sentence
 * @returns gives it back
 * @throws Refusal while another process has it
 */
export async function lockFor(path: string, what: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Made as a whole: nobody ever reads a lock without its owner.
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid), { mode: 0o600, flag: 'wx' });
  try {
    while (!(await linked(own, path))) {
      const owner = await ownerOf(path);
      if (owner === undefined) await takeAway(path);
      else
        throw new Refusal(`The process ${owner} works on ${what} already. If it is another program, remove ${path}.`);
    }
  } finally {
    await unlink(own);
  }
  return () => unlink(path);
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Of a process that is there still. */
async function ownerOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  return isAlive(pid) ? pid : undefined;
}

/** By its name, which one of several that want it can do: what was taken may be a new lock already, and is put back then. */
async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await ownerOf(aside)) !== undefined) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
