import { AsyncLocalStorage } from 'node:async_hooks';

import { type CorrelationId } from '@lib/kernel';

const storage = new AsyncLocalStorage<CorrelationId>();

/** Runs `work` so that every log line written by it, however deep, carries `correlationId`. */
export function withCorrelation<T>(correlationId: CorrelationId, work: () => T): T {
  return storage.run(correlationId, work);
}

export function currentCorrelationId(): CorrelationId | undefined {
  return storage.getStore();
}
