import { DomainError } from '@lib/kernel';

import { type Action } from '@lib/tenancy';
import { type Principal } from './principal';

/** The instance that is to be read or changed, as IAM names it. */
export interface AuthorizedResource {
  readonly instanceId: string;
  readonly accountId: string;
  readonly crn: string;
}

export interface AccessQuestion {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: AuthorizedResource;
}

/** Says whether a principal may do something to an instance of its own account (which the caller has checked). */
export interface Authorizer {
  /** One answer a question, in order. @throws AuthorizerUnavailableError: then nothing is permitted. */
  decide(questions: readonly AccessQuestion[]): Promise<readonly boolean[]>;
}

export class AuthorizerUnavailableError extends DomainError {
  readonly code = 'authorizer_unavailable';
}
