import { ResultReason } from '@lib/kmip-protocol';

import { type FailureEntry } from './failure-entry';

/** What the tenant's key manager answers, and what it does not. Which root key is said with each, by its id. */
export const custody = {
  root_key_not_bound: {
    reason: ResultReason.PermissionDenied,
    text: 'The KMIP instance has no root key (CRK) bound that could serve this key. Bind one in the KMIP instance.',
  },
  credential_not_set: {
    reason: ResultReason.PermissionDenied,
    text: 'The KMIP instance has no API key for its key manager. Set one in the KMIP instance.',
  },
  credential_unreadable: {
    reason: ResultReason.PermissionDenied,
    text: 'The stored API key of this KMIP instance cannot be opened any more. Set the API key of the instance anew; keys are served again at once.',
  },
  key_manager_address: {
    reason: ResultReason.PermissionDenied,
    text: 'The address of the key manager that this KMIP instance is bound to is not one that the KMIP service may call. Bind the root key anew, or ask the operator of the service.',
  },
  instance_gone: {
    reason: ResultReason.PermissionDenied,
    text: 'The KMIP instance of this client certificate does not exist any more.',
  },
  stored_key_deleted: {
    reason: ResultReason.ItemNotFound,
    text: 'The stored key vmware_kmip_<identifier> of this key was deleted in the key manager (Key Protect or HPCS): the key is shredded. Restore the stored key there within 30 days if that was a mistake; one that was purged does not come back.',
  },
  stored_key_absent: {
    reason: ResultReason.GeneralFailure,
    text: 'The stored key of this key is not there at the moment: it was stored a short time ago, or the region of the key manager failed over. Nothing in vCenter needs to be changed; try again later.',
  },
  stored_key_altered: {
    reason: ResultReason.CryptographicFailure,
    text: 'The stored key in the key manager is not what this server put there, and the key cannot be unwrapped: it was edited, or another one was put in its place.',
  },
  stored_key_not_unwrapped: {
    reason: ResultReason.CryptographicFailure,
    text: 'The key manager does not unwrap the stored key: it has an error of its own, or the stored key was altered. Try again; if that stays so, ask its support or restore the stored key.',
  },
  stored_key_forged: {
    reason: ResultReason.CryptographicFailure,
    text: 'The stored key vmware_kmip_<identifier> in the key manager was changed or replaced by somebody other than this server; it is not served. Find out in the audit trail of the key manager who wrote it, and tell the operator of the service.',
  },
  create_not_confirmed: {
    reason: ResultReason.CryptographicFailure,
    text: 'The key was not created: the key manager gave back something else than it was given to keep. Try again; if that stays so, tell the operator of the service.',
  },
  key_repeated: {
    reason: ResultReason.CryptographicFailure,
    text: 'The key was not created: the random numbers gave a key that this KMIP instance has already. Tell the operator of the service.',
  },
  root_key_disabled: {
    reason: ResultReason.PermissionDenied,
    text: 'The root key (CRK) that the key lies under is disabled in the key manager. Enable it there; keys are served again at once.',
  },
  root_key_expired: {
    reason: ResultReason.PermissionDenied,
    text: 'The root key (CRK) that the key lies under has expired in the key manager: no keys can be created. Bind another root key; existing keys are served.',
  },
  root_key_deleted: {
    reason: ResultReason.CryptographicFailure,
    text: 'The root key (CRK) that the key lies under was deleted in the key manager: all keys under it are shredded. Restore it there within 30 days if that was a mistake.',
  },
  root_key_missing: {
    reason: ResultReason.CryptographicFailure,
    text: 'The key manager does not know the root key (CRK) that the key lies under: it was purged, or the service ID may not see it. Check the binding of the instance and the role of the service ID.',
  },
  key_manager_credential: {
    reason: ResultReason.PermissionDenied,
    text: 'IBM Cloud IAM rejects the API key of this KMIP instance: it was deleted, is locked, disabled or has expired, or its service ID is locked or was deleted. Unlock it, or give the instance a new API key.',
  },
  key_manager_permission: {
    reason: ResultReason.PermissionDenied,
    text: 'The key manager refuses the service ID of this KMIP instance. It gives one answer for all of these: a role is missing or was lowered (platform Viewer and service Writer are needed, for the key ring of the stored keys too), the key-manager instance is not active, its network policy (allowedNetwork) admits private endpoints only, or its policy allowedIP does not name the addresses of this service.',
  },
  key_manager_import_forbidden: {
    reason: ResultReason.PermissionDenied,
    text: 'The instance policy keyCreateImportAccess of the key manager forbids to store keys: none can be created, and existing keys are served. Allow import_standard_key there, without enforce_token.',
  },
  key_manager_network: {
    reason: ResultReason.PermissionDenied,
    text: 'A context-based restriction of the account keeps the KMIP service out of the key manager. Let it name the service.',
  },
  key_manager_uninitialised: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager is not initialised: it has no master key. Let its administrators load and commit one.',
  },
  key_manager_refused: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager refused the request.',
  },
  key_manager_busy: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager limits the rate of requests. Try again.',
  },
  key_manager_crowded: {
    reason: ResultReason.GeneralFailure,
    text: 'Too many requests of this KMIP instance wait for its key manager, so this one was not sent. Try again.',
  },
  key_manager_unavailable: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager (Key Protect or HPCS) is unreachable or reports an outage. Nothing in vCenter needs to be changed; try again.',
  },
  iam_unavailable: {
    reason: ResultReason.GeneralFailure,
    text: 'IBM Cloud IAM gives no token with which the key manager could be asked: it is unreachable, reports an outage or limits the rate. The key manager was not asked, and API key and roles may be right. Nothing in vCenter needs to be changed; try again.',
  },
  key_manager_timeout: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager (Key Protect or HPCS) did not answer in time. Nothing in vCenter needs to be changed; try again.',
  },
} as const satisfies Record<string, FailureEntry>;
