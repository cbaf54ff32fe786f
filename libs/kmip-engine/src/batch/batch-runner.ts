import {
  BatchErrorContinuationOption,
  type RequestMessage,
  type ResponseBatchItem,
  ResultStatus,
} from '@lib/kmip-protocol';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { type ItemContext } from '../handlers/handler';
import { runItem } from './item-runner';

/**
 * Carries out the items in order (which Batch Order Option may demand and the ID Placeholder needs). After a failure
 * the rest is neither done nor returned, unless the client asked to Continue (KMIP 1.4 §11.43).
 */
export async function runBatch(message: RequestMessage, contextFor: () => ItemContext): Promise<ResponseBatchItem[]> {
  const goOn = message.header.batchErrorContinuationOption === BatchErrorContinuationOption.Continue;
  const done: ResponseBatchItem[] = [];
  for (const item of message.batchItems) {
    // A long batch must not keep other connections waiting.
    if (done.length > 0) await nextTurn();
    const { context, deadline } = contextFor();
    try {
      done.push(context.budget.spend(await runItem(item, context), item, context.version));
    } finally {
      deadline.end();
    }
    if (done.at(-1)?.resultStatus !== ResultStatus.Success && !goOn) break;
  }
  return done;
}
