import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a running server writes into its data folder (postmaster.pid). */
export interface ServerRecord {
  readonly pid: number;
  readonly socketFolder: string | undefined;
}

export async function readServerRecord(cluster: string): Promise<ServerRecord | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  // Line 1 is the process id, line 5 the first Unix socket folder (empty until the server has one).
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const socketFolder = lines[4]?.trim();
  return { pid, socketFolder: socketFolder === '' ? undefined : socketFolder };
}

/** True while the process exists and is not merely waiting to be reaped by its parent. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return (await processStatus(pid))?.state !== 'Z';
}

/**
 * True when `pid` is the server of this cluster. After a reboot or in a new container the number often belongs to
 * another process; a server always works inside its data folder, so Linux can tell.
 */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  if (process.platform !== 'linux') return true;
  try {
    return (await readlink(`/proc/${String(pid)}/cwd`)) === cluster;
  } catch (error) {
    // Not allowed to look: assume the worst, that it is the server.
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** Identity of a process that survives the reuse of its number: id and start time. Start time is Linux only. */
export async function processIdentity(pid: number): Promise<string> {
  return `${String(pid)} ${(await processStatus(pid))?.startedAt ?? '-'}`;
}

/** SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint. A server that hangs is killed; its log recovers. */
export async function stopServer(pid: number, graceMs: number): Promise<'stopped' | 'killed'> {
  signal(pid, 'SIGINT');
  if (await gone(pid, graceMs)) return 'stopped';
  signal(pid, 'SIGKILL');
  await gone(pid, graceMs);
  return 'killed';
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    if (!(await isAlive(pid))) return true;
    await delay(10);
  }
  return false;
}

async function processStatus(pid: number): Promise<{ state: string; startedAt: string } | undefined> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field, the name in brackets, may itself hold spaces and brackets; count from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startedAt: fields[19] ?? '' };
}
