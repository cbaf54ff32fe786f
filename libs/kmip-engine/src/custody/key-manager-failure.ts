import { ADDRESS_NOT_ALLOWED, KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { type FailureCode } from '../failures/failure-catalog';
import { foreseenFailure } from '../failures/foreseen-causes';
import { OperationFailure } from '../failures/operation-failure';

const failureOf: Readonly<Record<KeyManagerFault, FailureCode>> = {
  credential_rejected: 'key_manager_credential',
  permission_denied: 'key_manager_permission',
  root_key_disabled: 'root_key_disabled',
  root_key_expired: 'root_key_expired',
  root_key_deleted: 'root_key_deleted',
  root_key_missing: 'root_key_missing',
  stored_key_missing: 'stored_key_deleted',
  stored_key_absent: 'stored_key_absent',
  ciphertext_rejected: 'stored_key_not_unwrapped',
  refused: 'key_manager_refused',
  rate_limited: 'key_manager_busy',
  overloaded: 'key_manager_busy',
  unavailable: 'key_manager_unavailable',
  timeout: 'key_manager_timeout',
};

/** The key manager's own reason code names a cause the administrator can look up; anything else is not repeated. */
const REASON_CODE = /^[A-Z0-9_]{3,64}$/;

/** What a client is told about a key manager's fault; other errors pass through unchanged. */
export function explainKeyManager(error: unknown, override?: FailureCode): unknown {
  if (!(error instanceof KeyManagerError)) return error;
  // The tenant's API key could not be opened: what stood in the way is what helps.
  const opening = foreseenFailure(error.cause);
  if (opening !== undefined) return new OperationFailure(opening, { cause: error });
  const { reasonCode } = error.details;
  if (reasonCode === ADDRESS_NOT_ALLOWED) return new OperationFailure('key_manager_address', { cause: error });
  const detail =
    reasonCode !== undefined && REASON_CODE.test(reasonCode) ? { detail: `key manager: ${reasonCode}` } : {};
  return new OperationFailure(override ?? failureOf[error.fault], { cause: error, ...detail });
}

/** Nothing was carried out: either the key manager said no, or the request never left. */
export const certainlyNotDone = (error: unknown): boolean =>
  error instanceof KeyManagerError && (error.details.certainlyNotDone ?? error.authoritative);

export const isFault = (error: unknown, fault: KeyManagerFault): boolean =>
  error instanceof KeyManagerError && error.fault === fault;

/** The deletion was refused for good as far as we are concerned: no right, a second signature, a lock by someone else. */
export const mayNotDelete = (error: unknown): boolean =>
  certainlyNotDone(error) && (isFault(error, 'permission_denied') || isFault(error, 'refused'));
