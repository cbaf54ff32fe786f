import { readFileSync } from 'node:fs';

const TICK_MS = 10;
const LOOK_EVERY_MS = 5;
/** What a process that had nothing to do may make up for: without a bound it would run freely after a pause. */
const MOST_AHEAD_MS = 20;

/**
 * Gives each process no more than `share` of a core, by stopping it while it has used that up. So each has a small
 * machine of its own, and what is left to hold them up is what they share: the cores of this one are not used up by them,
 * and are there for clients, database and key manager.
 * @returns what lets them run freely again
 */
export function hold(pids: readonly number[], share: number): () => void {
  const held = pids.map((pid) => ({ pid, usedMs: cpuMs(pid), creditMs: 0, stopped: false }));
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const earnedMs = (now - lookedAt) * share;
    lookedAt = now;
    for (const each of held) {
      const usedMs = cpuMs(each.pid);
      each.creditMs = Math.min(MOST_AHEAD_MS, each.creditMs + earnedMs - (usedMs - each.usedMs));
      each.usedMs = usedMs;
      const stops = each.creditMs < 0;
      if (stops !== each.stopped) process.kill(each.pid, stops ? 'SIGSTOP' : 'SIGCONT');
      each.stopped = stops;
    }
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const { pid } of held) process.kill(pid, 'SIGCONT');
  };
}

/** Of all threads of the process and of nothing else: utime and stime (fields 14 and 15 of proc_pid_stat(5)). */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
