import { BatchErrorContinuationOption, type RequestMessage } from '@lib/kmip-protocol';

import { type EngineScope } from '../engine-scope';
import { fail } from '../failures/operation-failure';
import { MESSAGE_LIMITS } from '../limits';
import { isSupported } from '../supported-versions';

/**
 * What spoils a message as a whole, before any item is carried out (KMIP 1.4 §6, §11.1). Time Stamp is ignored: a
 * skewed clock is no reason to lock a virtual machine. Asynchronous Indicator only allows what we never need.
 */
export function requireProcessable({ header, batchItems }: RequestMessage): void {
  if (!isSupported(header.protocolVersion)) fail('unsupported_version');
  if (batchItems.length === 0) fail('batch_empty');
  if (batchItems.length > MESSAGE_LIMITS.batchItems) fail('batch_too_long');
  if (batchItems.length > 1 && batchItems.some(({ uniqueBatchItemId }) => uniqueBatchItemId === undefined)) {
    fail('batch_item_id_missing');
  }
  if (header.batchErrorContinuationOption === BatchErrorContinuationOption.Undo) fail('undo_not_supported');
  if (batchItems.some(({ messageExtension }) => messageExtension?.criticalityIndicator === true)) {
    fail('critical_extension');
  }
}

/** Identity is the certificate's. Credentials that are there are judged, if anybody can; their absence is no fault. */
export async function requireCredentials({ header }: RequestMessage, { route }: EngineScope): Promise<void> {
  const { authentication = [] } = header;
  if (authentication.length > 0) await route?.judge(authentication);
}
