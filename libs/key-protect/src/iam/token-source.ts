import { type Secret } from '@lib/kernel';
import { adapterClosed, IAM_NOT_AVAILABLE, KeyManagerError, type OpenCredential } from '@lib/key-manager';
import { type Timing, untilAborted } from '@lib/resilience';

import { type IamToken, type TokenRequest } from './request-token';

interface HeldToken {
  readonly accessToken: string;
  /** Fetch a new one in the background from here on, while this one still serves. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** Left over for the call that carries the token. */
const EXPIRY_MARGIN_MS = 60_000;
const RENEW_AT_SHARE = 0.8;
/** Shortest time between two attempts that nobody but IAM can make succeed, and between two forced renewals. */
const COOL_DOWN_MS = 30_000;
/** Renewals within that time for tokens that were accepted before. */
const SPARE_RENEWALS = 4;

/**
 * One IAM token, a tenant's or our own. One request in flight however many callers wait; times are local monotonic ones, so a
 * jump of the wall clock neither expires nor prolongs a token.
 */
export class TokenSource {
  #held: HeldToken | undefined;
  #inFlight: Promise<string> | undefined;
  #rejection: { readonly error: KeyManagerError; readonly atMs: number } | undefined;
  #renewalTriedAtMs = -Infinity;
  #forcedAtMs = -Infinity;
  #sparesLeft = SPARE_RENEWALS;
  /** The token that is held was accepted by somebody: when it is refused it has died, and no role is missing. */
  #proven = false;
  readonly #closed = new AbortController();

  constructor(
    private readonly timing: Timing,
    private readonly openApiKey: OpenCredential,
    private readonly requestToken: TokenRequest,
    /** Shortest time between two renewals that a refused token causes. */
    private readonly forcedRenewalMs = COOL_DOWN_MS,
  ) {}

  /** @throws KeyManagerError `credential_rejected` (remembered for 30 s), or a transient fault */
  get(signal: AbortSignal): Promise<string> {
    const nowMs = this.#nowMs();
    const held = this.#held;
    if (held !== undefined && nowMs < held.expiresAtMs) {
      if (nowMs >= held.renewAtMs) this.#renewInBackground(nowMs);
      return Promise.resolve(held.accessToken);
    }
    if (this.#rejection !== undefined && nowMs < this.#rejection.atMs + COOL_DOWN_MS) {
      return Promise.reject(this.#rejection.error);
    }
    return untilAborted(
      signal,
      this.#fetch(),
      () =>
        new KeyManagerError('timeout', 'IAM did not answer the token request in time', {
          certainlyNotDone: true,
          reasonCode: IAM_NOT_AVAILABLE,
        }),
    );
  }

  /**
   * Carries out a call with the token. A token that is refused is forgotten, and the call made once more with another:
   * that tells a dead token from a missing role. A refusal must mean that nothing was done.
   */
  async use<T>(
    signal: AbortSignal,
    call: (token: string) => Promise<T>,
    isRefusal: (error: unknown) => boolean,
  ): Promise<T> {
    const token = await this.#current(signal);
    try {
      return await this.#prove(token, call);
    } catch (error) {
      if (!isRefusal(error) || !this.drop(token)) throw error;
    }
    return this.#prove(await this.#current(signal), call);
  }

  /** A token that is still ours when the call begins, and not only when it was asked for. */
  async #current(signal: AbortSignal): Promise<string> {
    const token = await this.get(signal);
    this.#refuseWhenClosed();
    return token;
  }

  async #prove<T>(token: string, call: (token: string) => Promise<T>): Promise<T> {
    const answer = await call(token);
    if (this.#held?.accessToken === token) this.#proven = true;
    return answer;
  }

  /**
   * `token` was refused, which may mean a dead token or a missing role.
   * @returns true when a fresh token is worth one more try; false soon after the last such renewal, so that a missing
   * role does not become a token request for each call. A token that was accepted before has died, however soon: only
   * where some calls are permitted and others are not is that a wrong guess, so it is made a few times at most
   */
  drop(token: string): boolean {
    // Somebody else had the same answer and renews already, or has renewed.
    if (this.#held?.accessToken !== token) return true;
    const nowMs = this.#nowMs();
    if (nowMs >= this.#forcedAtMs + this.forcedRenewalMs) this.#sparesLeft = SPARE_RENEWALS;
    else if (!this.#proven || this.#sparesLeft === 0) return false;
    else this.#sparesLeft -= 1;
    this.#forcedAtMs = nowMs;
    this.#held = undefined;
    return true;
  }

  close(): void {
    this.#closed.abort();
    this.#held = undefined;
  }

  #renewInBackground(nowMs: number): void {
    if (nowMs < this.#renewalTriedAtMs + COOL_DOWN_MS) return;
    this.#renewalTriedAtMs = nowMs;
    // The held token serves meanwhile; a failure shows when it has expired, or at once if IAM refuses the key.
    this.#fetch().catch(() => undefined);
  }

  #fetch(): Promise<string> {
    this.#inFlight ??= this.#exchange().finally(() => (this.#inFlight = undefined));
    return this.#inFlight;
  }

  async #exchange(): Promise<string> {
    this.#refuseWhenClosed();
    const startedMs = this.#nowMs();
    try {
      const token = await this.#request();
      this.#refuseWhenClosed();
      this.#rejection = undefined;
      this.#held = hold(token, startedMs);
      this.#proven = false;
      return token.accessToken;
    } catch (error) {
      // What it failed of may be our closing.
      this.#refuseWhenClosed();
      if (error instanceof KeyManagerError && error.fault === 'credential_rejected') {
        // The tenant took the key back: the token it once gave must not outlive it here.
        this.#held = undefined;
        this.#rejection = { error, atMs: this.#nowMs() };
      }
      throw error;
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closed.signal.aborted) throw adapterClosed();
  }

  async #request(): Promise<IamToken> {
    const apiKey = await this.#open();
    try {
      return await this.requestToken(apiKey, this.#closed.signal);
    } finally {
      apiKey.wipe();
    }
  }

  async #open(): Promise<Secret> {
    try {
      return await this.openApiKey();
    } catch (cause) {
      throw new KeyManagerError('unavailable', "the tenant's API key could not be opened", {
        certainlyNotDone: true,
        cause,
      });
    }
  }

  #nowMs(): number {
    return this.timing.clock.monotonicMs();
  }
}

/** Counted from the request, not the answer: the token is never younger than we think. */
function hold({ accessToken, lifetimeMs }: IamToken, startedMs: number): HeldToken {
  return {
    accessToken,
    renewAtMs: startedMs + lifetimeMs * RENEW_AT_SHARE,
    // A lifetime shorter than the margin would otherwise mean a request for each call.
    expiresAtMs: startedMs + Math.max(lifetimeMs - EXPIRY_MARGIN_MS, lifetimeMs / 2),
  };
}
