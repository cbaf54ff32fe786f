import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds a process and its children (Postgres has one per connection) have used, from /proc. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(Number(entry));
    // Fields after the command name: state, ppid, …, utime (11), stime (12), cutime (13), cstime (14).
    if (fields !== undefined && (Number(entry) === pid || Number(fields[1]) === pid)) {
      ticks += Number(fields[11]) + Number(fields[12]);
      if (Number(entry) === pid) ticks += Number(fields[13]) + Number(fields[14]);
    }
  }
  return ticks / TICKS_PER_SECOND;
}

function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
