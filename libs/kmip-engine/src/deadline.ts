/** A signal that fires after `timeoutMs`, or with `parent`. Ended in `finally`, so that neither timer nor listener stays. */
export interface Deadline {
  readonly signal: AbortSignal;
  end(): void;
}

export function startDeadline(timeoutMs: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  timer.unref();
  if (parent?.aborted === true) abort();
  parent?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', abort);
    },
  };
}
