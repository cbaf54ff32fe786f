import { DomainError } from '@lib/kernel';
import { type ResultReason } from '@lib/kmip-protocol';

import { type FailureCode, failureCatalog } from './failure-catalog';

export interface FailureOptions extends ErrorOptions {
  /** A short fact in a closed vocabulary, such as the name of a standard attribute. Never text from a client. */
  readonly detail?: string;
  /** True when an audit record of this failure is committed already. */
  readonly recorded?: boolean;
}

/** A batch item that fails for a reason its client is told. */
export class OperationFailure extends DomainError {
  readonly code: `kmip_${FailureCode}`;
  readonly reason: ResultReason;
  readonly recorded: boolean;

  constructor(
    readonly failure: FailureCode,
    options: FailureOptions = {},
  ) {
    const { reason, text } = failureCatalog[failure];
    const detail = options.detail === undefined ? '' : ` (${options.detail})`;
    super(`${text}${detail} [${failure}]`, options.cause === undefined ? {} : { cause: options.cause });
    this.code = `kmip_${failure}`;
    this.reason = reason;
    this.recorded = options.recorded ?? false;
  }
}

export function fail(failure: FailureCode, options?: FailureOptions): never {
  throw new OperationFailure(failure, options);
}
