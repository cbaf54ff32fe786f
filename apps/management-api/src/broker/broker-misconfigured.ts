import { DomainError } from '@lib/kernel';

/** A variable that another one needs is missing. */
export class BrokerMisconfigured extends DomainError {
  readonly code = 'broker_misconfigured';
}
