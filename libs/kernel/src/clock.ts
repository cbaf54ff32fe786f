/** Time as a dependency: everything that reads a clock takes one, so that tests own it. */
export interface Clock {
  /** Wall-clock time, for dates that are stored, shown or compared with certificates. */
  now(): Date;
  /** Milliseconds that only ever grow, for durations and deadlines; unaffected by clock jumps. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

/** Runs `work` once, after `delayMs`. @returns how to cancel it */
export function startTimer(work: () => void, delayMs: number): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}
