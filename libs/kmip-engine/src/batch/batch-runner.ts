import { Secret } from '@lib/kernel';
import {
  BatchErrorContinuationOption,
  type RequestMessage,
  type ResponseBatchItem,
  ResultStatus,
  encodedBatchItemLength,
  responseOverheadLength,
} from '@lib/kmip-protocol';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { failureCatalog } from '../failures/failure-catalog';
import { type ItemContext } from '../handlers/handler';
import { type OperationContext } from '../operation-context';
import { failedItem, runItem } from './item-runner';

/** Zeroes the key a response carries, once nobody needs it any more. */
export function wipeSecrets({ response }: ResponseBatchItem): void {
  if (response?.name !== 'Get') return;
  const material = response.payload.symmetricKey?.keyMaterial;
  if (material instanceof Secret) material.wipe();
}

/** Counts a response against the client's Maximum Response Size (KMIP 1.4 §6.3), in bytes of its TTLV form. */
class SizeBudget {
  #left: number;

  constructor({ header }: RequestMessage, context: OperationContext) {
    const { protocolVersion, maximumResponseSize } = header;
    this.#left =
      maximumResponseSize === undefined
        ? Number.POSITIVE_INFINITY
        : maximumResponseSize - responseOverheadLength({ protocolVersion, timeStamp: context.now, batchCount: 1 });
  }

  /** The item, or its failure when it does not fit. The failure itself is returned whatever its size. */
  spend(
    item: ResponseBatchItem,
    context: OperationContext,
    request: RequestMessage['batchItems'][number],
  ): ResponseBatchItem {
    if (this.#left === Number.POSITIVE_INFINITY) return item;
    const length = encodedBatchItemLength(item, context.version);
    if (length <= this.#left) {
      this.#left -= length;
      return item;
    }
    wipeSecrets(item);
    const { reason, text } = failureCatalog.response_too_large;
    const failed = failedItem(request, { reason, message: `${text} [response_too_large]` });
    this.#left -= encodedBatchItemLength(failed, context.version);
    return failed;
  }
}

/**
 * Carries out the items in order (which Batch Order Option may demand and the ID Placeholder needs). After a failure
 * the rest is neither done nor returned, unless the client asked to Continue (KMIP 1.4 §11.43).
 */
export async function runBatch(message: RequestMessage, contextFor: () => ItemContext): Promise<ResponseBatchItem[]> {
  const goOn = message.header.batchErrorContinuationOption === BatchErrorContinuationOption.Continue;
  const done: ResponseBatchItem[] = [];
  let budget: SizeBudget | undefined;
  for (const item of message.batchItems) {
    // A long batch must not keep other connections waiting.
    if (done.length > 0) await nextTurn();
    const { context, deadline } = contextFor();
    try {
      budget ??= new SizeBudget(message, context);
      done.push(budget.spend(await runItem(item, context), context, item));
    } finally {
      deadline.end();
    }
    if (done.at(-1)?.resultStatus !== ResultStatus.Success && !goOn) break;
  }
  return done;
}
