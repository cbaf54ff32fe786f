import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Refusal } from './refusal';

const ATTEMPTS = 4;
const LONGEST_PAUSE_MS = 50;

/** Who wants a lock, and who it takes for running. */
interface Contender {
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
}
const THIS_PROCESS: Contender = { pid: process.pid, isAlive };

/**
 * Lets one process at a time work on something: whoever wants to leaves a claim of its own beside the path, and then looks
 * for others. Of two at once the one that looks later sees the other, so never do both go on. Claims of processes that have
 * gone count for nothing, and are taken away by their own names, which nobody has again.
 * @param what that another process works on, for the sentence
 * @returns gives it back
 * @throws Refusal while another process has it
 */
export async function lockFor(path: string, what: string, by: Contender = THIS_PROCESS): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const claim = `${path}.${by.pid}-${randomUUID()}`;
    await writeFile(claim, '', { mode: 0o600, flag: 'wx' });
    const other = await otherThan(claim, path, by);
    if (other === undefined) return () => rm(claim);
    await rm(claim);
    if (attempt === ATTEMPTS) {
      throw new Refusal(
        `The process ${other.pid} works on ${what} already. If it is another program, remove ${other.claim}.`,
      );
    }
    // Both may have looked at the same time, and both given way.
    await new Promise((resolve) => setTimeout(resolve, randomInt(1, LONGEST_PAUSE_MS)));
  }
}

/** A claim of a process that is there still. Those of others are taken away. */
async function otherThan(
  own: string,
  path: string,
  by: Contender,
): Promise<{ readonly claim: string; readonly pid: number } | undefined> {
  for (const name of await readdir(dirname(path))) {
    const claim = join(dirname(path), name);
    const pid = name.startsWith(`${basename(path)}.`) ? /\.(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1] : undefined;
    if (pid === undefined || claim === own) continue;
    // Of the same number as this process: in containers it comes again and again.
    if (Number(pid) !== by.pid && by.isAlive(Number(pid))) return { claim, pid: Number(pid) };
    await rm(claim, { force: true });
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
