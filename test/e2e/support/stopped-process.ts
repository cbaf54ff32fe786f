import { readdir, readFile } from 'node:fs/promises';

/** Direct children of a process, as the kernel lists them. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return [Number(pid), Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1])] as const;
    }),
  );
  return parents.filter(([, ppid]) => ppid === parent).map(([pid]) => pid);
}

/** Freezes a process and its children, so that connections to them hang. @returns how to let them go on */
export async function freeze(pid: number): Promise<() => void> {
  // The parent first: it makes no more children while they are counted.
  process.kill(pid, 'SIGSTOP');
  const children = await childrenOf(pid);
  for (const child of children) process.kill(child, 'SIGSTOP');
  return () => {
    for (const frozen of [...children, pid]) process.kill(frozen, 'SIGCONT');
  };
}
