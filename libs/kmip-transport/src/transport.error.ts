import { DomainError } from '@lib/kernel';

/** The listener cannot work as configured. */
export class TransportError extends DomainError {
  constructor(
    readonly code: 'kmip_port_unavailable' | 'kmip_certificate_unusable',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
