import { ResultReason } from '@lib/kmip-protocol';

import { custody } from './failure-catalog-custody';
import { limits } from './failure-catalog-limits';
import { type FailureEntry } from './failure-entry';

const batch = {
  unsupported_version: {
    reason: ResultReason.InvalidMessage,
    text: 'This server speaks KMIP 1.0 to 1.4; the request names another protocol version.',
  },
  batch_empty: {
    reason: ResultReason.InvalidMessage,
    text: 'The message holds no batch item.',
  },
  batch_too_long: {
    reason: ResultReason.InvalidMessage,
    text: 'The message holds more batch items than this server accepts (1,000). Send them in several messages.',
  },
  batch_item_id_missing: {
    reason: ResultReason.InvalidMessage,
    text: 'A message with several batch items needs a Unique Batch Item ID in each of them.',
  },
  undo_not_supported: {
    reason: ResultReason.FeatureNotSupported,
    text: 'Batch Error Continuation Option Undo is not supported; use Stop or Continue. Nothing was done.',
  },
  critical_extension: {
    reason: ResultReason.FeatureNotSupported,
    text: 'The message holds a critical Message Extension that this server does not know. Nothing was done.',
  },
  credential_wrong: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The KMIP password in the request is wrong. Enter the current one in the key provider, or leave user name and password empty: a client certificate that has proven whose it is is enough.',
  },
  credential_foreign: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The request carries a credential that this KMIP instance did not issue, and the instance demands its own. Enter its KMIP user name and password in the key provider, or leave both empty.',
  },
  certificate_unproven: {
    reason: ResultReason.PermissionDenied,
    text: 'Several KMIP instances register this client certificate, and nothing shows whose it is, so no key is created or searched for. Make a KMIP password in your instance and enter it with the KMIP user name in the key provider. Existing keys are served.',
  },
  proof_required: {
    reason: ResultReason.PermissionDenied,
    text: 'The operator demands proof of whose a client certificate is before keys are created. Make a KMIP password in your instance and enter it with the KMIP user name in the key provider. Existing keys are served.',
  },
  registration_not_serving: {
    reason: ResultReason.PermissionDenied,
    text: 'The KMIP instance that this client certificate belongs to does not serve it: the certificate was removed there, or the instance is disabled. Add it there again, enable the instance, or prove with the KMIP user name and password of another instance that it moves.',
  },
  key_in_several_instances: {
    reason: ResultReason.PermissionDenied,
    text: 'The key exists in several KMIP instances that register this client certificate, and nothing shows which is meant. Enter the KMIP user name and password of your instance in the key provider.',
  },
  payload_unreadable: {
    reason: ResultReason.InvalidMessage,
    text: 'The request payload could not be read.',
  },
  operation_not_supported: {
    reason: ResultReason.OperationNotSupported,
    text: 'This server does not support the operation in this protocol version.',
  },
  response_too_large: {
    reason: ResultReason.ResponseTooLarge,
    text: 'The response would be larger than the Maximum Response Size of the request.',
  },
  internal: {
    reason: ResultReason.GeneralFailure,
    text: 'The server could not complete the operation. The operator finds the cause under the correlation id.',
  },
  catalog_unavailable: {
    reason: ResultReason.GeneralFailure,
    text: 'The KMIP server cannot reach its catalog at the moment. Nothing in vCenter needs to be changed; try again.',
  },
} as const satisfies Record<string, FailureEntry>;

/** Told by the commit of an operation whose client was still known when it began. */
const access = {
  certificate_removed: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The client certificate was removed from this KMIP instance. Nothing was changed and no key was given out. Add the certificate to the instance again if that was a mistake.',
  },
  certificate_expired: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The client certificate has expired. Make a new one in vCenter and add it to the KMIP instance; both may be allowed at the same time.',
  },
  instance_disabled: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The KMIP instance is disabled in IBM Cloud. Nothing was deleted: keys are served again once it is enabled.',
  },
  instance_removing: {
    reason: ResultReason.AuthenticationNotSuccessful,
    text: 'The KMIP instance is being removed.',
  },
  certificate_displaced: {
    reason: ResultReason.GeneralFailure,
    text: 'The client certificate was proven to belong to another KMIP instance just now. No key was created; try again, and it is created there.',
  },
} as const satisfies Record<string, FailureEntry>;

const objects = {
  unknown_object: {
    reason: ResultReason.ItemNotFound,
    text: 'There is no key with this Unique Identifier.',
  },
  no_identifier: {
    reason: ResultReason.ItemNotFound,
    text: 'The request names no Unique Identifier and no earlier item of the message set the ID Placeholder.',
  },
  key_destroyed: {
    reason: ResultReason.ItemNotFound,
    text: 'The key was destroyed and cannot be served.',
  },
  key_being_destroyed: {
    reason: ResultReason.PermissionDenied,
    text: 'Destruction of this key has begun and waits for the key manager; until that is settled it is not served.',
  },
  key_suspended: {
    reason: ResultReason.PermissionDenied,
    text: 'The key was suspended by an administrator of the KMIP instance. Resume it there to use it again.',
  },
  key_compromised: {
    reason: ResultReason.PermissionDenied,
    text: 'The key was reported as compromised and this KMIP instance does not serve compromised keys.',
  },
  key_busy: {
    reason: ResultReason.GeneralFailure,
    text: 'The key was changed by others all the time while it was fetched. Try again.',
  },
  format_not_available: {
    reason: ResultReason.KeyFormatTypeNotSupported,
    text: 'Keys are served in Key Format Type Raw only.',
  },
  compression_not_available: {
    reason: ResultReason.KeyCompressionTypeNotSupported,
    text: 'This server does not compress keys.',
  },
  wrapping_not_supported: {
    reason: ResultReason.FeatureNotSupported,
    text: 'This server does not wrap keys for clients; request the key without a Key Wrapping Specification.',
  },
  activate_wrong_state: {
    reason: ResultReason.PermissionDenied,
    text: 'Only a Pre-Active key can be activated.',
  },
  revoke_wrong_state: {
    reason: ResultReason.PermissionDenied,
    text: 'The state of the key does not allow this revocation.',
  },
  revocation_reason_unknown: {
    reason: ResultReason.InvalidField,
    text: 'The Revocation Reason Code is unknown.',
  },
  destroy_active: {
    reason: ResultReason.PermissionDenied,
    text: 'An Active key cannot be destroyed. Revoke it first.',
  },
  already_destroyed: {
    reason: ResultReason.PermissionDenied,
    text: 'The key is destroyed already.',
  },
  destroy_needs_manager: {
    reason: ResultReason.PermissionDenied,
    text: 'The key was not destroyed: the service ID of this KMIP instance may not delete keys in the key manager. Give it the service role Manager there, or delete the stored key yourself, and repeat.',
  },
  destroy_needs_two: {
    reason: ResultReason.PermissionDenied,
    text: 'The key manager asks for two people to authorise each deletion (dualAuthDelete), so the key was not destroyed and is served as before. Have one of its administrators set the stored key for deletion, then repeat this.',
  },
  destroy_refused: {
    reason: ResultReason.PermissionDenied,
    text: 'The key was not destroyed: the key manager refused to delete the stored key.',
  },
  destroy_waits: {
    reason: ResultReason.GeneralFailure,
    text: 'The KMIP service was restored from a backup. The key is no longer served; it is destroyed once the operator of the service has released its instance.',
  },
  destroy_unsettled: {
    reason: ResultReason.GeneralFailure,
    text: 'The key manager did not confirm the deletion of the stored key. The key is no longer served; its destruction is tried again until it is settled.',
  },
} as const satisfies Record<string, FailureEntry>;

const attributes = {
  object_type_not_supported: {
    reason: ResultReason.InvalidField,
    text: 'This server does not have objects of this type.',
  },
  template_unknown: {
    reason: ResultReason.ItemNotFound,
    text: 'There is no template of the given name; this server has no templates.',
  },
  algorithm_missing: {
    reason: ResultReason.InvalidField,
    text: 'Create needs the attribute Cryptographic Algorithm.',
  },
  usage_mask_missing: {
    reason: ResultReason.InvalidField,
    text: 'Create needs the attribute Cryptographic Usage Mask.',
  },
  algorithm_not_supported: {
    reason: ResultReason.InvalidField,
    text: 'The Cryptographic Algorithm is not supported: use AES or 3DES.',
  },
  length_not_supported: {
    reason: ResultReason.InvalidField,
    text: 'The Cryptographic Length does not fit the algorithm: AES takes 128, 192 or 256, 3DES takes 112 or 168.',
  },
  attribute_unknown: {
    reason: ResultReason.InvalidField,
    text: 'The attribute is unknown in this protocol version; names of your own begin with x-.',
  },
  attribute_not_for_create: {
    reason: ResultReason.InvalidField,
    text: 'The template holds an attribute that only the server sets or that this server does not support.',
  },
  attribute_read_only: {
    reason: ResultReason.PermissionDenied,
    text: 'The attribute is set by the server and cannot be added by a client.',
  },
  attribute_not_supported: {
    reason: ResultReason.PermissionDenied,
    text: 'The attribute does not apply to the object or is not supported by this server.',
  },
  attribute_value_missing: {
    reason: ResultReason.InvalidField,
    text: 'The attribute has no Attribute Value.',
  },
  attribute_value_invalid: {
    reason: ResultReason.InvalidField,
    text: 'The Attribute Value has the wrong type or lies outside what the attribute allows.',
  },
  attribute_too_long: {
    reason: ResultReason.InvalidField,
    text: 'The name of an attribute is limited to 255 characters, its value to 4,096 bytes.',
  },
  attribute_nested: {
    reason: ResultReason.InvalidField,
    text: 'A custom attribute may be a structure, but not one with structures inside.',
  },
  object_is_destroyed: {
    reason: ResultReason.PermissionDenied,
    text: 'The key is destroyed; its attributes cannot change any more.',
  },
  attribute_present: {
    reason: ResultReason.IllegalOperation,
    text: 'The object has this attribute already, and it can have it only once.',
  },
  attribute_twice: {
    reason: ResultReason.IndexOutOfBounds,
    text: 'The template holds an attribute several times that an object can have only once.',
  },
  attribute_index_given: {
    reason: ResultReason.InvalidField,
    text: 'Add Attribute takes no Attribute Index; the server assigns it.',
  },
  attribute_name_repeated: {
    reason: ResultReason.InvalidMessage,
    text: 'The request names one attribute several times.',
  },
  attribute_limit: {
    reason: ResultReason.IndexOutOfBounds,
    text: 'An object holds at most 1,000 attributes.',
  },
  create_name_taken: {
    reason: ResultReason.InvalidField,
    text: 'Another key of this KMIP instance has this Name already.',
  },
  name_taken: {
    reason: ResultReason.IllegalOperation,
    text: 'A key of this KMIP instance has this Name already.',
  },
  date_frozen: {
    reason: ResultReason.PermissionDenied,
    text: 'The state of the key does not allow a change of this date any more.',
  },
  dates_out_of_order: {
    reason: ResultReason.InvalidField,
    text: 'The dates contradict each other: activation, process start, protect stop and deactivation follow in this order.',
  },
  quota_exceeded: {
    reason: ResultReason.PermissionDenied,
    text: 'The KMIP instance holds as many keys as its plan allows. Destroy keys that are no longer used, or change the plan.',
  },
  locate_not_by_this: {
    reason: ResultReason.InvalidField,
    text: 'Locate does not search by this attribute.',
  },
  locate_page_negative: {
    reason: ResultReason.InvalidField,
    text: 'Maximum Items and Offset Items of a Locate must not be negative.',
  },
  locate_group_member: {
    reason: ResultReason.FeatureNotSupported,
    text: 'Locate knows Object Group Member Group Member Fresh only.',
  },
} as const satisfies Record<string, FailureEntry>;

/** Every failure a client can be told, by its stable code. docs/errors.md lists the same codes; a spec compares them. */
export const failureCatalog = { ...limits, ...batch, ...access, ...objects, ...attributes, ...custody } as const;

export type FailureCode = keyof typeof failureCatalog;
