import { type RequestMessage, type ResponseBatchItem, ResultStatus, decodeRequestMessage } from '@lib/kmip-protocol';

import { type Operations } from '../handlers/handler';
import { hasOperation } from '../handlers/operation-table';
import { requireProcessable } from './message-rules';
import { wipeSecrets } from './wipe-secrets';

/**
 * Bytes of a question. Clients send a tenth of it. Longer ones can have long answers, since identifiers of batch items
 * are echoed, and those count as the memory of their owner.
 */
const LONGEST = 4_096;

/**
 * A message that may ask about the server alone. Undefined for one with credentials, which a tenant judges, for one that
 * is long or bounds its answer, and for one that is to be refused.
 */
export function serverQuestionOf(bytes: Buffer): RequestMessage | undefined {
  if (bytes.length > LONGEST) return undefined;
  const message = readable(bytes);
  if (message === undefined) return undefined;
  const { authentication, maximumResponseSize } = message.header;
  wipeSecrets(authentication);
  return authentication === undefined && maximumResponseSize === undefined && isProcessable(message)
    ? message
    : undefined;
}

/** What is wrong with a message is found and told by whoever carries it out. */
function readable(bytes: Buffer): RequestMessage | undefined {
  try {
    return decodeRequestMessage(bytes);
  } catch {
    return undefined;
  }
}

function isProcessable(message: RequestMessage): boolean {
  try {
    requireProcessable(message);
    return true;
  } catch {
    return false;
  }
}

/** @returns undefined when one of the items asks for more, or is to be refused */
export function answersOf(
  { header, batchItems }: RequestMessage,
  operations: Operations,
): readonly ResponseBatchItem[] | undefined {
  const version = header.protocolVersion;
  const answers: ResponseBatchItem[] = [];
  for (const { operation, request, payloadError, uniqueBatchItemId } of batchItems) {
    if (request === undefined || payloadError !== undefined || !hasOperation(operation, version)) return undefined;
    const response = operations.answer(request, { operations, version });
    if (response === undefined) return undefined;
    answers.push({
      operation,
      ...(uniqueBatchItemId === undefined ? {} : { uniqueBatchItemId }),
      resultStatus: ResultStatus.Success,
      response,
    });
  }
  return answers;
}
