import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { profileFilePath } from '../../profiles/profile-file';
import { Refusal } from '../refusal';
import { Journal, type JournalEntry } from './journal';
import { hasEnded } from './run';

type Plan = Extract<JournalEntry, { kind: 'plan' }>;

/** Where a journal lies that was not named: one for each vCenter and provider, so that a run goes on by itself. */
export function journalPath(
  env: Readonly<Record<string, string | undefined>>,
  vcenter: string,
  provider: string,
): string {
  const name = `${vcenter}-${provider}`.replace(/[^A-Za-z0-9._-]/g, '_');
  return join(dirname(profileFilePath(env)), 'journals', `${name}.jsonl`);
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly resumed: boolean;
  close(): Promise<void>;
}

/**
 * Goes on with the journal that is there, unless all of it is done; then it is put aside, and a new one is begun.
 * @param plan asked for where a new one is begun
 * @throws Refusal when another process works on it, or when it is of another re-key
 */
export async function openJournal(
  path: string,
  wanted: Pick<Plan, 'vcenter' | 'provider' | 'mode'>,
  plan: () => Promise<Plan>,
): Promise<OpenedJournal> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unlock = await lock(`${path}.lock`);
  try {
    const found = await unfinished(path, wanted);
    const journal = found ?? (await Journal.begin(path, await plan()));
    const close = async (): Promise<void> => {
      await journal.close();
      await unlock();
    };
    return { journal, resumed: found !== undefined, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function unfinished(
  path: string,
  wanted: Pick<Plan, 'vcenter' | 'provider' | 'mode'>,
): Promise<Journal | undefined> {
  const journal = await Journal.resume(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (journal === undefined) return undefined;
  const { plan } = journal;
  if (!plan.targets.every((target) => hasEnded(journal, target))) {
    const same = plan.vcenter === wanted.vcenter && plan.provider === wanted.provider && plan.mode === wanted.mode;
    if (same) return journal;
    await journal.close();
    throw new Refusal(
      `${path} is of another re-key that has not ended (to ${plan.provider}, ${plan.mode}). Finish it, or name another file with --journal.`,
    );
  }
  await journal.close();
  await rename(path, `${path}.${new Date().toISOString().replaceAll(':', '')}`);
  return undefined;
}

/** Two runs at once would re-key twice. A lock whose process has gone counts for nothing. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return () => unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (isAlive(pid)) throw new Refusal(`The process ${pid} works on this re-key already.`);
      await unlink(path).catch(() => undefined);
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
