import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds at one moment, with its children: a cluster's workers, the connections of PostgreSQL. */
export interface Holding {
  /** Memory of its own: what it shares, or has mapped from files, is not in it. */
  readonly mebibytes: number;
  /** On average of its processes: a connection more of PostgreSQL is no descriptor too many. */
  readonly descriptors: number;
  readonly processes: number;
}

/** From /proc. */
export function holdingOf(pid: number): Holding {
  let [kibibytes, descriptors, processes] = [0, 0, 0];
  for (const each of [pid, ...descendantsOf(pid)]) {
    try {
      kibibytes += Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0);
      descriptors += readdirSync(`/proc/${each}/fd`).length;
      processes += 1;
    } catch {
      // It has ended since it was listed.
    }
  }
  return { mebibytes: kibibytes / 1024, descriptors: descriptors / Math.max(processes, 1), processes };
}

function descendantsOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid)
    .map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
