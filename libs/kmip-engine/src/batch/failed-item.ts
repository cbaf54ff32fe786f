import { type RequestBatchItem, type ResponseBatchItem, ResultStatus } from '@lib/kmip-protocol';

import { type ItemFailure } from './item-failure';

/** The failed form of a batch item; echoes what the request had (KMIP 1.4 §7.2). */
export function failedItem(
  request: Pick<RequestBatchItem, 'operation' | 'uniqueBatchItemId'> | undefined,
  { reason, message }: Pick<ItemFailure, 'reason' | 'message'>,
): ResponseBatchItem {
  return {
    ...(request === undefined ? {} : { operation: request.operation }),
    ...(request?.uniqueBatchItemId === undefined ? {} : { uniqueBatchItemId: request.uniqueBatchItemId }),
    resultStatus: ResultStatus.OperationFailed,
    resultReason: reason,
    resultMessage: message,
  };
}
