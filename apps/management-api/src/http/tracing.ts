import { randomUUID } from 'node:crypto';

import { type CorrelationId, newCorrelationId } from '@lib/kernel';

/** API Handbook, headers: 8 to 1024 of these characters; anything else is ignored as if it were not there. */
const REQUEST_ID = /^[A-Za-z0-9 ,_-]{8,1024}$/;

export interface Trace {
  /** The caller's own `X-Request-ID` if it is usable, otherwise ours. */
  readonly requestId: string;
  /** Always ours: a value from outside could be chosen to hide one request behind another. */
  readonly correlationId: CorrelationId;
}

export function traceOf(requestIdHeader: string | readonly string[] | undefined): Trace {
  const given = typeof requestIdHeader === 'string' && REQUEST_ID.test(requestIdHeader) ? requestIdHeader : undefined;
  return { requestId: given ?? randomUUID(), correlationId: newCorrelationId() };
}
