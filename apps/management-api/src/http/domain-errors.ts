import { type ApiErrorCode, type ApiFault } from './api-error';

export interface Translation {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly target?: ApiFault['target'];
}

const missing: Translation = { status: 404, code: 'not_found' };
const conflict: Translation = { status: 409, code: 'invalid_state' };
const outage: Translation = { status: 503, code: 'service_unavailable' };
const keyManagerOutage: Translation = { status: 503, code: 'key_manager_unavailable' };
const invalid = (code: ApiErrorCode, name: string): Translation => ({
  status: 400,
  code,
  target: { type: 'field', name },
});

const all = (codes: readonly string[], translation: Translation): Record<string, Translation> =>
  Object.fromEntries(codes.map((code) => [code, translation]));

/**
 * The only place where domain errors become statuses. A code that is not here is answered as 500 with fixed text, and a
 * spec that compares this table with the codes of the libs keeps that from happening by accident.
 */
export const DOMAIN_ERRORS: Readonly<Record<string, Translation>> = {
  ...all(
    [
      'iam_unavailable',
      'authorizer_unavailable',
      'database_unavailable',
      'database_share_used',
      'commit_outcome_unknown',
      'too_many_connections',
    ],
    outage,
  ),

  ...all(
    [
      'instance_not_found',
      'certificate_not_found',
      'root_key_not_set',
      'key_unknown',
      'claim_not_found',
      'kmip_credential_not_found',
    ],
    missing,
  ),
  ...all(['instance_not_ready', 'keys_exist', 'instance_in_use', 'key_state_conflict', 'instance_exists'], conflict),
  confirmation_needed: { status: 409, code: 'confirmation_required', target: { type: 'parameter', name: 'confirm' } },
  certificate_name_taken: { status: 409, code: 'reserved_value', target: { type: 'field', name: 'name' } },
  duplicate_certificate: { status: 409, code: 'duplicate_certificate', target: { type: 'field', name: 'certificate' } },
  hand_over_unproven: conflict,
  certificate_issued_elsewhere: {
    status: 409,
    code: 'certificate_issued_elsewhere',
    target: { type: 'field', name: 'certificate' },
  },
  ...all(
    ['instance_quota_exceeded', 'certificate_quota_exceeded', 'claim_quota_exceeded', 'kmip_credential_quota_exceeded'],
    {
      status: 409,
      code: 'quota_exceeded',
    },
  ),
  duplicate_claim: { status: 409, code: 'reserved_value', target: { type: 'field', name: 'value' } },
  invalid_claim: invalid('invalid_field', 'value'),
  credential_not_set: { status: 409, code: 'credential_missing' },
  invalid_name: invalid('invalid_field', 'name'),
  invalid_api_key: invalid('invalid_field', 'api_key'),
  ...all(['invalid_crn', 'endpoint_not_allowed'], invalid('invalid_field', 'crn')),
  revision_mismatch: { status: 412, code: 'precondition_failed', target: { type: 'header', name: 'If-Match' } },

  ...all(
    [
      'certificate_malformed',
      'certificate_not_single',
      'certificate_private_key_included',
      'certificate_too_large',
      'certificate_key_too_weak',
      'certificate_key_unsupported',
      'certificate_signature_too_weak',
      'certificate_expired',
    ],
    invalid('invalid_certificate', 'certificate'),
  ),
  ...all(
    [
      'signing_request_malformed',
      'signing_request_not_single',
      'signing_request_private_key_included',
      'signing_request_too_large',
      'signing_request_signature_invalid',
      'signing_request_key_too_weak',
      'signing_request_key_unsupported',
    ],
    invalid('invalid_certificate_signing_request', 'certificate_signing_request'),
  ),

  ...all(['key_manager_credential_rejected', 'key_manager_permission_denied'], {
    status: 400,
    code: 'credential_rejected',
  }),
  ...all(
    [
      'key_manager_root_key_disabled',
      'key_manager_root_key_expired',
      'key_manager_root_key_deleted',
      'key_manager_root_key_missing',
    ],
    invalid('root_key_unavailable', 'crn'),
  ),
  ...all(['key_manager_stored_key_missing', 'key_manager_ciphertext_rejected'], conflict),
  key_manager_refused: { status: 409, code: 'key_manager_unavailable' },
  ...all(
    [
      'key_manager_stored_key_absent',
      'key_manager_rate_limited',
      'key_manager_unavailable',
      'key_manager_timeout',
      'key_manager_overloaded',
    ],
    keyManagerOutage,
  ),

  key_not_quarantined: missing,
  ...all(['inventory_missing', 'inventory_outdated', 'key_referenced'], conflict),
  inventory_incomplete: { status: 409, code: 'inventory_incomplete' },
  shred_plan_not_found: missing,
  ...all(['shred_plan_empty', 'shred_plan_state_conflict', 'shred_plan_same_person', 'shred_plan_outdated'], conflict),
  ...all(['shred_plan_too_large', 'shred_plan_quota_exceeded'], { status: 409, code: 'quota_exceeded' }),
  shred_plan_not_confirmed: { status: 409, code: 'second_person_required' },
  shred_plan_other_hash: { status: 409, code: 'name_mismatch', target: { type: 'parameter', name: 'confirm' } },

  // What revoking or destroying a key by an administrator can meet; the texts are those of KMIP Revoke and Destroy.
  kmip_unknown_object: missing,
  ...all(
    [
      'kmip_revoke_wrong_state',
      'kmip_destroy_active',
      'kmip_already_destroyed',
      'kmip_key_suspended',
      'kmip_key_being_destroyed',
      'kmip_destroy_needs_manager',
      'kmip_destroy_needs_two',
      'kmip_destroy_refused',
      'kmip_destroy_waits',
      'kmip_root_key_not_bound',
      'kmip_root_key_disabled',
      'kmip_root_key_expired',
      'kmip_root_key_deleted',
      'kmip_root_key_missing',
      'kmip_stored_key_deleted',
      'kmip_stored_key_altered',
      'kmip_stored_key_not_unwrapped',
      'kmip_stored_key_forged',
    ],
    conflict,
  ),
  ...all(['kmip_key_manager_credential', 'kmip_key_manager_permission', 'kmip_key_manager_network'], {
    status: 409,
    code: 'credential_rejected',
  }),
  kmip_key_manager_refused: { status: 409, code: 'key_manager_unavailable' },
  ...all(
    [
      'kmip_destroy_unsettled',
      'kmip_stored_key_absent',
      'kmip_key_manager_busy',
      'kmip_key_manager_crowded',
      'kmip_key_manager_uninitialised',
      'kmip_key_manager_unavailable',
      'kmip_iam_unavailable',
      'kmip_key_manager_timeout',
    ],
    keyManagerOutage,
  ),
};
