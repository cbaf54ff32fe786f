import { type Clock, startTimer, systemClock } from '@lib/kernel';

/** Clock, timer and chance as one dependency: tests own all three and never wait. */
export interface Timing {
  readonly clock: Clock;
  /** Runs `run` once after `delayMs`; the returned function cancels. */
  after(delayMs: number, run: () => void): () => void;
  /** At least 0, below 1. */
  random(): number;
}

export const systemTiming: Timing = {
  clock: systemClock,
  after: (delayMs, run) => startTimer(run, delayMs),
  random: () => Math.random(),
};
