import { type Behaviour } from './behaviour';
import { type MovableClock } from '@lib/stand-in';
import { type CloudFaultBoard } from './http/faults';
import { type RequestLog } from './http/request-log';
import { type AccessPolicies } from './iam/access-policies';
import { type LoginSessions } from './iam/login-sessions';
import { type TokenIssuer } from './iam/token-issuer';
import { type Store } from './journal/store';

/** What every area of the local cloud works with. */
export interface Cloud {
  readonly store: Store;
  readonly clock: MovableClock;
  readonly tokens: TokenIssuer;
  readonly logins: LoginSessions;
  readonly access: AccessPolicies;
  readonly faults: CloudFaultBoard;
  readonly requests: RequestLog;
  readonly behaviour: Behaviour;
  /** Where this cloud is reached, without a trailing slash; known once it listens. */
  readonly baseUrl: () => string;
}
