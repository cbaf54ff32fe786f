import { DomainError } from '@lib/kernel';

/** Stable codes of docs/errors.md. None of the messages tells about another tenant. */
export const TENANCY_FAULTS = [
  'instance_not_found',
  'instance_exists',
  'instance_quota_exceeded',
  'instance_not_ready',
  /** Its keys are served: it has to be disabled first. */
  'instance_in_use',
  'certificate_not_found',
  'certificate_name_taken',
  'certificate_quota_exceeded',
  /** The instance has registered the certificate already. */
  'duplicate_certificate',
  /** The service made it for another instance. */
  'certificate_issued_elsewhere',
  /** A certificate that is not proven here, or is later elsewhere, is not this instance's to give away. */
  'hand_over_unproven',
  'kmip_credential_quota_exceeded',
  'kmip_credential_not_found',
  'claim_not_found',
  'claim_quota_exceeded',
  'duplicate_claim',
  'invalid_claim',
  'invalid_name',
  'invalid_crn',
  'invalid_api_key',
  'endpoint_not_allowed',
  'root_key_not_set',
  'credential_not_set',
  'keys_exist',
  /** What is in use is removed only by who names it. */
  'confirmation_needed',
  'revision_mismatch',
  /** A stored credential does not open: moved to another row, damaged, or the service key is missing. */
  'credential_unreadable',
] as const;

export type TenancyFault = (typeof TENANCY_FAULTS)[number];

export class TenancyError extends DomainError {
  readonly code: TenancyFault;

  constructor(fault: TenancyFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = fault;
  }
}
