import { DomainError } from '@lib/kernel';

/**
 * `unreachable`: no connection. `untrusted`: the server's certificate is not the expected one. `closed`: the connection
 * ended before the answer (under TLS 1.3 also how a refused client certificate looks). `timeout`: no answer in time.
 * `protocol`: the answer is no KMIP, or does not fit the request.
 */
export type KmipClientFault = 'unreachable' | 'untrusted' | 'closed' | 'timeout' | 'protocol';

/** The exchange with the server failed, as opposed to the server answering with a failure, which is a KmipError. */
export class KmipClientError extends DomainError {
  readonly code = 'kmip_client_error';

  constructor(
    readonly fault: KmipClientFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
