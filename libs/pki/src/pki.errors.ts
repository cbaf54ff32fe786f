import { DomainError } from '@lib/kernel';

/** Why a certificate, request or key file was not taken. Each is a stable code of docs/errors.md. */
export const CERTIFICATE_FAULTS = [
  'certificate_malformed',
  'certificate_not_single',
  'certificate_private_key_included',
  'certificate_too_large',
  'certificate_key_too_weak',
  'certificate_key_unsupported',
  'certificate_signature_too_weak',
  'certificate_expired',
] as const;

export type CertificateFault = (typeof CERTIFICATE_FAULTS)[number];

/** A certificate somebody handed in cannot be used; the message tells them what to do about it. */
export class CertificateError extends DomainError {
  constructor(
    readonly code: CertificateFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const SIGNING_REQUEST_FAULTS = [
  'signing_request_malformed',
  'signing_request_not_single',
  'signing_request_private_key_included',
  'signing_request_too_large',
  'signing_request_signature_invalid',
  'signing_request_key_too_weak',
  'signing_request_key_unsupported',
] as const;

export type SigningRequestFault = (typeof SIGNING_REQUEST_FAULTS)[number];

/** A certificate signing request cannot be signed. */
export class SigningRequestError extends DomainError {
  constructor(
    readonly code: SigningRequestFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A file of the server's own PKI is missing or damaged. Names the file, never its content. */
export class ServerPkiError extends DomainError {
  readonly code = 'server_pki_unusable';

  constructor(
    readonly file: string,
    fault: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${fault}`, options);
  }
}
