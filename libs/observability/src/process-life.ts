/** What a process of ours tells the one that forked it, over Node's IPC channel. */
export type ProcessReport = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };

/** Tells a parent launcher, if there is one, that this process serves (or why it never will). */
export function reportToParent(report: ProcessReport): void {
  process.send?.(report);
}

/** Runs `stop` once on SIGINT, SIGTERM or when the parent launcher is gone, then exits. */
export function stopOnSignal(stop: () => Promise<void>, onError: (error: unknown) => void): void {
  let stopping = false;
  const run = (): void => {
    if (stopping) return;
    stopping = true;
    void stop()
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        onError(error);
        process.exit(1);
      });
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
