import { setTimeout as pause } from 'node:timers/promises';

import { processLog } from './log-destination';

/** A log that nobody reads must not hold up the end. */
const LAST_LINES_WITHIN_MS = 1_000;

/** What a process of ours tells the one that forked it, over Node's IPC channel. */
export type ProcessReport = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };

/** Tells a parent launcher, if there is one, that this process serves (or why it never will). */
export function reportToParent(report: ProcessReport): void {
  // The parent may be gone already; that is told by 'disconnect'.
  process.send?.(report, undefined, undefined, () => undefined);
}

/** For what is left to do when nobody is served any more: last records, and farewell to the database. */
export const FAREWELL_MS = 5_000;

/**
 * Runs `stop` once on SIGINT, SIGTERM or when the parent launcher is gone, then exits.
 * @param withinMs that `stop` may take; a database behind a dead link says farewell only when TCP gives up on it
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  onError: (error: unknown) => void,
  withinMs = FAREWELL_MS,
): void {
  let stopping = false;
  const run = (): void => {
    if (stopping) return;
    stopping = true;
    void Promise.race([stop(), tooLate(withinMs)])
      .catch((error: unknown) => {
        onError(error);
        process.exitCode = 1;
      })
      .then(() => processLog().drain(LAST_LINES_WITHIN_MS))
      .then(() => process.exit());
  };
  process.on('SIGINT', run);
  process.on('SIGTERM', run);
  process.on('disconnect', run);
}

async function tooLate(afterMs: number): Promise<never> {
  await pause(afterMs);
  throw new Error(`not stopped within ${afterMs} ms`);
}

/** Unknown state is not served from: a stray rejection or exception drains and ends the process. */
export function stopOnUnknownError(onError: (error: unknown) => void): void {
  const end = (error: unknown): void => {
    onError(error);
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
