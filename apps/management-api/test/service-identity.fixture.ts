import { Secret } from '@lib/kernel';
import { systemTiming, type Timing } from '@lib/resilience';

import { ServiceIdentity } from '../src/auth/service-identity';

/** IAM's side of our tokens: gives one after the other, and knows which it takes still. */
export class OwnTokens {
  given = 0;
  #revoked = 0;
  readonly identity: ServiceIdentity;

  constructor(timing: Timing = systemTiming) {
    this.identity = new ServiceIdentity({
      iamUrl: 'http://127.0.0.1:1',
      apiKey: Secret.fromText('api-key'),
      requestToken: () => {
        this.given += 1;
        return Promise.resolve({ accessToken: `token-${this.given}`, lifetimeMs: 3_600_000 });
      },
      timing,
    });
  }

  /** All that were given so far are refused from now on. */
  revoke(): void {
    this.#revoked = this.given;
  }

  revokeForGood(): void {
    this.#revoked = Infinity;
  }

  accepts(authorization: string | undefined): boolean {
    return Number(/^Bearer token-(\d+)$/.exec(authorization ?? '')?.[1] ?? 0) > this.#revoked;
  }
}
