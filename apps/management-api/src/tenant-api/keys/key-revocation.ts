import { type Revocation } from '@lib/kmip-engine';
import { RevocationReasonCode } from '@lib/kmip-protocol';

import { ApiError } from '../../http/api-error';
import { type OperationCall } from '../../http/operation';

/** KMIP 1.4 §9.1.3.2.19, in the words of the API; the compromise of a certificate authority is of no key of ours. */
const REASONS = {
  unspecified: RevocationReasonCode.Unspecified,
  key_compromise: RevocationReasonCode.KeyCompromise,
  affiliation_changed: RevocationReasonCode.AffiliationChanged,
  superseded: RevocationReasonCode.Superseded,
  cessation_of_operation: RevocationReasonCode.CessationOfOperation,
  privilege_withdrawn: RevocationReasonCode.PrivilegeWithdrawn,
} as const;

/** InstanceKeyRevocation. */
interface Body {
  readonly reason: keyof typeof REASONS;
  readonly message?: string;
  readonly compromise_occurred_at?: string;
}

/** @throws ApiError 400 */
export function revocationOf({ body }: OperationCall): Revocation {
  // Valid by its schema.
  const { reason, message, compromise_occurred_at: occurred } = body as Body;
  if (occurred !== undefined && reason !== 'key_compromise') {
    throw wrongTime('Only a compromise has a time at which it occurred.');
  }
  return {
    code: REASONS[reason],
    ...(message !== undefined && { message }),
    ...(occurred !== undefined && { compromiseOccurrenceDate: new Date(occurred) }),
  };
}

const wrongTime = (message: string): ApiError =>
  ApiError.of(400, 'invalid_field', message, { type: 'field', name: 'compromise_occurred_at' });
