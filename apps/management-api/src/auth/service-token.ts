import { type Clock, type Secret } from '@lib/kernel';
import { type TokenRequest } from '@lib/key-protect';

const TIMEOUT_MS = 5_000;
/** Renewed before it ends, so that no decision fails because a token was about to. */
const USED_SHARE = 0.8;

/** Our own access token, asked for once and shared by all who need it. */
export class ServiceToken {
  #current: { readonly token: string; readonly until: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(
    private readonly apiKey: Secret,
    private readonly request: TokenRequest,
    private readonly clock: Clock,
  ) {}

  readonly get = (): Promise<string> => {
    if (this.#current && this.clock.monotonicMs() < this.#current.until) return Promise.resolve(this.#current.token);
    this.#pending ??= this.#renew().finally(() => (this.#pending = undefined));
    return this.#pending;
  };

  async #renew(): Promise<string> {
    const asked = this.clock.monotonicMs();
    const { accessToken, lifetimeMs } = await this.request(this.apiKey, AbortSignal.timeout(TIMEOUT_MS));
    this.#current = { token: accessToken, until: asked + lifetimeMs * USED_SHARE };
    return accessToken;
  }
}
