import { BatchErrorContinuationOption, type RequestMessage } from '@lib/kmip-protocol';

import { type EngineScope } from '../engine-scope';
import { fail } from '../failures/operation-failure';
import { isSupported } from '../supported-versions';

export const MAXIMUM_BATCH_ITEMS = 1000;

/**
 * What spoils a message as a whole, before any item is carried out (KMIP 1.4 §6, §11.1). Time Stamp is ignored: a
 * skewed clock is no reason to lock a virtual machine. Asynchronous Indicator only allows what we never need.
 */
export function requireProcessable({ header, batchItems }: RequestMessage): void {
  if (!isSupported(header.protocolVersion)) fail('unsupported_version');
  if (batchItems.length === 0) fail('batch_empty');
  if (batchItems.length > MAXIMUM_BATCH_ITEMS) fail('batch_too_long');
  if (batchItems.length > 1 && batchItems.some(({ uniqueBatchItemId }) => uniqueBatchItemId === undefined)) {
    fail('batch_item_id_missing');
  }
  if (header.batchErrorContinuationOption === BatchErrorContinuationOption.Undo) fail('undo_not_supported');
  if (batchItems.some(({ messageExtension }) => messageExtension?.criticalityIndicator === true)) {
    fail('critical_extension');
  }
}

/** Identity is the certificate's. A credential that is there is judged, if anybody can; its absence is no fault. */
export async function requireCredentials({ header }: RequestMessage, scope: EngineScope): Promise<void> {
  if (scope.verifyCredential === undefined) return;
  for (const credential of header.authentication ?? []) {
    if (!(await scope.verifyCredential(credential))) fail('credential_wrong');
  }
}
