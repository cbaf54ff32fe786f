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

/** Runs `stop` once on SIGINT, SIGTERM or when the parent launcher is gone, then exits. */
export function stopOnSignal(stop: () => Promise<void>, onError: (error: unknown) => void): void {
  let stopping = false;
  const run = (): void => {
    if (stopping) return;
    stopping = true;
    void stop()
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
