import {
  encodedBatchItemLength,
  encodeResponseMessage,
  type ResponseBatchItem,
  ResultStatus,
  versionOf,
} from '@lib/kmip-protocol';

import { ANSWER_OVERHEAD_BYTES } from './message-budget';

const ITEM: ResponseBatchItem = { resultStatus: ResultStatus.OperationFailed, resultMessage: 'no' };

describe('what an answer is counted as', () => {
  it.each([0, 1, 2, 3, 4, 999])('is what is sent, in version 1.%d', (minor) => {
    const protocolVersion = versionOf(1, minor);
    const header = { protocolVersion, timeStamp: new Date(), batchCount: 2 };
    const sent = encodeResponseMessage({ header, batchItems: [ITEM, ITEM] });
    expect(sent).toHaveLength(ANSWER_OVERHEAD_BYTES + 2 * encodedBatchItemLength(ITEM, protocolVersion));
  });
});
