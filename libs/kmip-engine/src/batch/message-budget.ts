import {
  type OperationName,
  type ProtocolVersion,
  type RequestBatchItem,
  type RequestMessage,
  type ResponseBatchItem,
  encodedBatchItemLength,
  responseOverheadLength,
  V1_0,
} from '@lib/kmip-protocol';

import { type EngineScope } from '../engine-scope';
import { OperationFailure, fail } from '../failures/operation-failure';
import { MESSAGE_LIMITS } from '../limits';
import { failedItem } from './failed-item';
import { wipeSecrets } from './wipe-secrets';

/** What a Locate counts for at least: a question without a hit is work too. */
const LEAST_ROWS = 100;

/** Bytes around the items of an answer: the fields of its header have one length in every version (KMIP 1.4 §9.1). */
export const ANSWER_OVERHEAD_BYTES = responseOverheadLength({
  protocolVersion: V1_0,
  timeStamp: new Date(0),
  batchCount: 1,
});

/**
 * What the items of one message may cost together: bytes of their answers and rows they match. Once it is spent,
 * further items are refused before anything is done for them.
 */
export class MessageBudget {
  /** Of the client's Maximum Response Size (KMIP 1.4 §6.3), in bytes of the TTLV form. */
  #clientLeft: number;
  #bytes = ANSWER_OVERHEAD_BYTES;
  #rows = 0;
  #spent: OperationFailure | undefined;
  readonly #maximumBytes: number;

  constructor(
    { header }: RequestMessage,
    private readonly scope: EngineScope,
    private readonly changes: (name: OperationName) => boolean,
  ) {
    const { maximumResponseSize = Number.POSITIVE_INFINITY } = header;
    this.#clientLeft = maximumResponseSize - this.#bytes;
    this.#maximumBytes = scope.limits.maximumAnswerBytes ?? MESSAGE_LIMITS.answerBytes;
  }

  /** @throws OperationFailure when the answer is full */
  requireRoom(): void {
    if (this.#spent !== undefined) throw this.#spent;
  }

  /** Before a search. @throws OperationFailure('message_work') */
  requireWork(): void {
    if (this.#rows >= MESSAGE_LIMITS.matchedRows) fail('message_work');
  }

  matched(rows: number): void {
    this.#rows += Math.max(rows, LEAST_ROWS);
  }

  /** The item, or its failure when it does not fit. The failure itself is returned whatever its size. */
  spend(item: ResponseBatchItem, request: RequestBatchItem, version: ProtocolVersion) {
    const length = encodedBatchItemLength(item, version);
    const refusal = this.#refusalOf(item, length);
    if (refusal === undefined) {
      this.#take(length);
      return item;
    }
    wipeSecrets(item);
    const failed = failedItem(request, refusal);
    this.#take(encodedBatchItemLength(failed, version));
    return failed;
  }

  #take(length: number): void {
    this.#clientLeft -= length;
    this.#bytes += length;
  }

  #refusalOf({ response }: ResponseBatchItem, length: number): OperationFailure | undefined {
    if (length > this.#clientLeft) return new OperationFailure('response_too_large');
    // A failure is short, and of a change the client must hear.
    if (response === undefined || this.changes(response.name)) return undefined;
    if (this.#bytes + length > this.#maximumBytes) {
      this.#spent = new OperationFailure('answer_limit', { detail: `${this.#maximumBytes} bytes` });
    } else if (this.scope.answerMemory?.hold(this.#bytes + length) === false) {
      this.#spent = new OperationFailure('answer_memory');
    }
    return this.#spent;
  }
}
