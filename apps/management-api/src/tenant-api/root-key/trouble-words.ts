import { isIamAway, type KeyManagerFault, remedyFor } from '@lib/key-manager';
import { driverOf } from '@lib/platform';
import { type RootKeyBinding } from '@lib/tenancy';

interface Trouble {
  readonly fault: KeyManagerFault;
  readonly reasonCode?: string | undefined;
}

type Words = (rootKey: string) => string;

const SILENT: Words = (rootKey) =>
  `The key manager of ${rootKey} does not answer, or reports an outage: it, or the network between it and this service.`;

/** What happened, in the tenant's terms; where one answer has several causes, all of them. */
const BY_FAULT: Readonly<Record<KeyManagerFault, Words>> = {
  credential_rejected: (rootKey) =>
    `IAM refuses the API key with which ${rootKey} is reached: the key was deleted, is locked, disabled or has expired, or its service ID was deleted or is locked.`,
  permission_denied: (rootKey) =>
    `The key manager of ${rootKey} refuses the service ID. It gives one answer for all of these: the service role was lowered or withdrawn (Writer is needed), the stored keys lie in a key ring that the role does not cover, the instance is not active any more, its network policy (allowedNetwork) admits private endpoints only, or its policy allowedIP does not name the addresses of this service.`,
  root_key_disabled: (rootKey) => `${rootKey} is disabled in the key manager: nothing is wrapped or unwrapped by it.`,
  root_key_expired: (rootKey) =>
    `${rootKey} has expired in the key manager: keys under it are served, and no new ones can be made.`,
  root_key_deleted: (rootKey) =>
    `${rootKey} was deleted in the key manager: what lies under it cannot be unwrapped. It can be restored for 30 days.`,
  root_key_missing: (rootKey) =>
    `The key manager does not know ${rootKey}: it was purged, or the service ID may not see it.`,
  refused: (rootKey) => `The key manager of ${rootKey} refuses the request for a reason of its own.`,
  rate_limited: (rootKey) => `The key manager of ${rootKey} limits the rate of requests.`,
  unavailable: SILENT,
  timeout: SILENT,
  overloaded: SILENT,
  stored_key_missing: SILENT,
  stored_key_absent: SILENT,
  ciphertext_rejected: (rootKey) => `The key manager does not unwrap under ${rootKey} what it wrapped a moment before.`,
};

const IAM_AWAY: Words = (rootKey) =>
  `IBM Cloud IAM gives no token with which the key manager of ${rootKey} could be asked: IAM is unreachable, reports an outage or limits the rate. The key manager itself may be well.`;

const BY_REASON: Readonly<Record<string, Words>> = {
  KEY_CREATE_IMPORT_ACCESS_ERR: (rootKey) =>
    `The instance policy keyCreateImportAccess of the key manager of ${rootKey} forbids to store wrapped keys: keys are served, and no new ones can be made.`,
  CONFIG_RULE_CONFLICT_ERR: (rootKey) =>
    `A context-based restriction of the account keeps this service out of the key manager of ${rootKey}.`,
  HPCS_NOT_INITIALISED: (rootKey) => `The key manager of ${rootKey} is not initialised: it has no master key.`,
  BXNIM0462E: (rootKey) => `The API key with which ${rootKey} is reached is disabled in IAM.`,
};

/** One or two sentences that name the root key, and whether it is the one that is bound. */
export function troubleOf({ rootKeyId, status }: RootKeyBinding, { fault, reasonCode }: Trouble): string {
  const words = isIamAway({ fault, reasonCode }) ? IAM_AWAY : (BY_REASON[reasonCode ?? ''] ?? BY_FAULT[fault]);
  const text = words(`${status === 'retiring' ? 'former root key' : 'root key'} ${rootKeyId}`);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** What helps, as an order. */
export function remedyOf(kind: string, { fault, reasonCode }: Trouble): string {
  if (isIamAway({ fault, reasonCode })) return 'Look at the status of IBM Cloud: it is tried again by itself.';
  const text = remedyFor(driverOf(kind).advice, fault, reasonCode) ?? 'nothing to do: it is tried again by itself';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
