import { type Timing } from './timing';

/**
 * Runs `run` with a signal that fires after `limitMs` or with the parent, whichever comes first. Timer and listener
 * are gone when it settles (AbortSignal.any would keep them for as long as the parent lives).
 */
export async function withDeadline<T>(
  timing: Timing,
  limitMs: number,
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (isAborted(parent)) abort();
  parent?.addEventListener('abort', abort, { once: true });
  const cancel = timing.after(limitMs, abort);
  try {
    return await run(controller.signal);
  } finally {
    cancel();
    parent?.removeEventListener('abort', abort);
  }
}

export const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Waits for `promise` no longer than the signal allows; the promise itself goes on for others who wait for it. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>, whenAborted: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(whenAborted());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** @returns false when the signal fired first */
export function pause(timing: Timing, delayMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (isAborted(signal)) {
      resolve(false);
      return;
    }
    const settle = (elapsed: boolean): void => {
      cancel();
      signal?.removeEventListener('abort', cut);
      resolve(elapsed);
    };
    const cut = (): void => settle(false);
    const cancel = timing.after(delayMs, () => settle(true));
    signal?.addEventListener('abort', cut, { once: true });
  });
}
