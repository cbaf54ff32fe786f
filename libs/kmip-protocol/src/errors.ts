import { DomainError } from '@lib/kernel';

import { type ResultReason } from './spec/enumerations';

/** An answer a KMIP client can be given: a Result Reason (KMIP 1.4 §6.10) and the text of the Result Message. */
export class KmipError extends DomainError {
  readonly code = 'kmip_error';

  constructor(
    readonly reason: ResultReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
