import { isUuid } from '@lib/kernel';
import { Operation, type RequestBatchItem, type ResponseBatchItem, ResultStatus } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { requireOperation } from '../handlers/operation-table';
import { type HandlerContext } from '../handlers/handler';
import { routed } from '../message-route';
import { auditEvent } from '../operation-context';
import { failedItem } from './failed-item';
import { type ItemFailure, explainFailure } from './item-failure';
import { DEFAULT_GRACE_MS, inTime, LATE } from './late-work';
import { wipeSecrets } from './wipe-secrets';

const operationNames: ReadonlyMap<number, string> = new Map(
  Object.entries(Operation).map(([name, number]) => [number, name]),
);

function requirePerformable(item: RequestBatchItem, context: HandlerContext): void {
  requireOperation(item.operation, context.version);
  context.budget.requireRoom();
  if (item.payloadError !== undefined) throw item.payloadError;
}

async function perform(item: RequestBatchItem, context: HandlerContext): Promise<ResponseBatchItem> {
  const response = await context.operations.run(item.request ?? fail('operation_not_supported'), context);
  return {
    operation: item.operation,
    ...(item.uniqueBatchItemId === undefined ? {} : { uniqueBatchItemId: item.uniqueBatchItemId }),
    resultStatus: ResultStatus.Success,
    response,
  };
}

/** The object an item names, for the record of its failure; nothing else of a refused request is kept. */
function namedKey({ request }: RequestBatchItem): string | undefined {
  if (request === undefined || !('uniqueIdentifier' in request.payload)) return undefined;
  const { uniqueIdentifier } = request.payload;
  // Whatever does not have our form names no key and does not belong in an audit trail.
  return isUuid(uniqueIdentifier) ? uniqueIdentifier : undefined;
}

async function recordFailure(item: RequestBatchItem, failure: ItemFailure, context: HandlerContext): Promise<void> {
  const name = operationNames.get(item.operation) ?? 'Unknown';
  const key = namedKey(item);
  try {
    // The trail lies in the same database: asking it too would keep the client waiting twice as long.
    if (failure.outage !== undefined) throw failure.outage;
    await context.scope.store.record(
      auditEvent(context, context.operations.auditAction(name) ?? 'vmware-solutions.kmip-server.refuse', {
        outcome: 'failure',
        reason: failure.code,
        ...(key === undefined ? {} : { key }),
        details: { operation: name },
      }),
    );
  } catch (error) {
    context.dependencies.logger.error(
      { err: error, correlationId: context.correlationId, operation: name, failure: failure.code },
      'a failed operation could not be recorded',
    );
  }
}

const graceMs = ({ scope }: HandlerContext): number => scope.limits.operationGraceMs ?? DEFAULT_GRACE_MS;

/**
 * The client is answered in time, whatever hangs: what has not ended goes on by itself, and is not acknowledged any more.
 * @param routedTo called with the context in which the item is carried out
 */
async function performInTime(
  item: RequestBatchItem,
  context: HandlerContext,
  routedTo: (within: HandlerContext) => void,
): Promise<ResponseBatchItem> {
  const work = (async () => {
    const within = await routed(item, context);
    routedTo(within);
    return perform(item, within);
  })().finally(() => wipeSecrets(item.request));
  const done = await inTime(work, context.signal, graceMs(context));
  if (done !== LATE) return done;
  const operation = operationNames.get(item.operation) ?? 'Unknown';
  context.late.own(work.then(wipeSecrets), { operation, correlationId: context.correlationId });
  return fail('operation_timeout');
}

/** Carries out one batch item. Never throws: whatever goes wrong becomes that item's answer. */
export async function runItem(item: RequestBatchItem, context: HandlerContext): Promise<ResponseBatchItem> {
  const { clock, metrics, logger } = context.dependencies;
  const operation = operationNames.get(item.operation) ?? 'Unknown';
  let failure: ItemFailure | undefined;
  let within = context;
  try {
    requirePerformable(item, context);
    return await performInTime(item, context, (chosen) => (within = chosen));
  } catch (error) {
    failure = explainFailure(error, context.version, context.correlationId);
    const fields = { err: error, correlationId: context.correlationId, operation, failure: failure.code };
    if (failure.unexpected) logger.error(fields, 'operation failed unexpectedly');
    // It never throws, and may come after the answer.
    if (!failure.recorded) await inTime(recordFailure(item, failure, within), context.signal, graceMs(context));
    return failedItem(item, failure);
  } finally {
    metrics.observeOperation({
      operation,
      result: failure === undefined ? 'success' : 'failure',
      ...(failure === undefined ? {} : { failure: failure.code }),
      latencyMs: clock.monotonicMs() - context.startedAtMs,
    });
  }
}
