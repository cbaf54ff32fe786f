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
