import { DomainError } from '@lib/kernel';

export type ViConnectionFault =
  | 'unreachable'
  | 'deadline'
  | 'cancelled'
  | 'proxy_answer'
  | 'certificate_not_pinned'
  | 'certificate_changed'
  | 'no_json_api'
  | 'not_a_vcenter'
  | 'release_unknown'
  | 'malformed';

/** Why no talk with vCenter came about, or broke off. What vCenter itself refuses is a ViFault. */
export class ViConnectionError extends DomainError {
  constructor(
    readonly code: ViConnectionFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The pin decides, so nothing was sent. */
export class CertificateChanged extends ViConnectionError {
  constructor(
    readonly trusted: string,
    /** SHA-256 over DER, upper-case pairs with colons; undefined where no certificate was shown. */
    readonly presented: string | undefined,
  ) {
    super(
      'certificate_changed',
      `vCenter presents another certificate than the one that was trusted. Trusted: ${trusted}; presented: ${presented ?? 'none'} (SHA-256).`,
    );
  }
}
