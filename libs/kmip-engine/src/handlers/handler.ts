import { type OperationName, type OperationRequests, type OperationResponses } from '@lib/kmip-protocol';

import { type OperationContext } from '../operation-context';

/** Carries out one operation. Commits its own audit record on success; failures are recorded by the caller. */
export type Handler<N extends OperationName> = (
  request: OperationRequests[N],
  context: OperationContext,
) => Promise<OperationResponses[N]>;
