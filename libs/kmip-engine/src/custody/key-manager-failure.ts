import {
  ADDRESS_NOT_ALLOWED,
  IAM_NOT_AVAILABLE,
  isIamAway,
  KeyManagerError,
  type KeyManagerFault,
  NOT_INITIALISED,
} from '@lib/key-manager';

import { type EngineScope } from '../engine-scope';
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
  overloaded: 'key_manager_crowded',
  unavailable: 'key_manager_unavailable',
  timeout: 'key_manager_timeout',
};

/** Where the key manager names a reason that has a remedy of its own. */
const failureByReason: Readonly<Record<string, FailureCode>> = {
  [ADDRESS_NOT_ALLOWED]: 'key_manager_address',
  [NOT_INITIALISED]: 'key_manager_uninitialised',
  KEY_CREATE_IMPORT_ACCESS_ERR: 'key_manager_import_forbidden',
  CONFIG_RULE_CONFLICT_ERR: 'key_manager_network',
  AUTHORIZATIONS_NOT_MET: 'destroy_needs_two',
};

/** The key manager's own reason code names a cause the administrator can look up; anything else is not repeated. */
const REASON_CODE = /^[A-Z0-9_]{3,64}$/;
/** As they are bound; anything else is not repeated. */
const ROOT_KEY_ID = /^[A-Za-z0-9-]{1,64}$/;

type Bound = Pick<EngineScope, 'rootKeyId'>;

/**
 * What a client is told about a key manager's fault; other errors pass through unchanged.
 * @param bound whose keys are asked for: an instance has several root keys while its keys move
 */
export function explainKeyManager(error: unknown, bound: Bound = {}, override?: FailureCode): unknown {
  if (!(error instanceof KeyManagerError)) return error;
  // A breaker that is open has been opened by something, which is what there is to tell.
  const met = error.fault === 'overloaded' && error.cause instanceof KeyManagerError ? error.cause : error;
  // The tenant's API key could not be opened: what stood in the way is what helps.
  const opening = foreseenFailure(met.cause);
  if (opening !== undefined) return new OperationFailure(opening, { cause: error });
  const reason = reasonOf(met);
  const detail = detailOf(error, met, bound);
  return new OperationFailure(override ?? reason ?? failureOf[met.fault], {
    cause: error,
    ...(detail === '' ? {} : { detail }),
  });
}

function reasonOf({ fault, details: { reasonCode } }: KeyManagerError): FailureCode | undefined {
  if (isIamAway({ fault, reasonCode })) return 'iam_unavailable';
  return reasonCode === undefined ? undefined : failureByReason[reasonCode];
}

/** Which root key, which reason, and whether anybody was asked at all. */
function detailOf(error: KeyManagerError, met: KeyManagerError, { rootKeyId: boundId }: Bound): string {
  const { rootKeyId = error.rootKeyId } = met;
  const { reasonCode } = met.details;
  const former = boundId !== undefined && rootKeyId !== boundId ? 'former ' : '';
  return [
    ...(rootKeyId !== undefined && ROOT_KEY_ID.test(rootKeyId) ? [`${former}root key ${rootKeyId}`] : []),
    ...whoSaid(met.fault, reasonCode),
    ...(met === error ? [] : ['met several times in a row; it is asked again every few seconds']),
  ].join('; ');
}

/** Not a code of ours, of whom the text speaks already. */
function whoSaid(fault: KeyManagerFault, reasonCode: string | undefined): readonly string[] {
  if (reasonCode === undefined || reasonCode === IAM_NOT_AVAILABLE || !REASON_CODE.test(reasonCode)) return [];
  return [`${isIamAway({ fault, reasonCode }) ? 'IAM' : 'key manager'}: ${reasonCode}`];
}

/** Nothing was carried out: either the key manager said no, or the request never left. */
export const certainlyNotDone = (error: unknown): boolean =>
  error instanceof KeyManagerError && (error.details.certainlyNotDone ?? error.authoritative);

export const isFault = (error: unknown, fault: KeyManagerFault): boolean =>
  error instanceof KeyManagerError && error.fault === fault;

/** The deletion was refused for good as far as we are concerned: no right, a second signature, a lock by someone else. */
export const mayNotDelete = (error: unknown): boolean =>
  certainlyNotDone(error) && (isFault(error, 'permission_denied') || isFault(error, 'refused'));
