import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

import { type Clock, DomainError } from '@lib/kernel';

/** A key set is asked for again after this time, in the background. */
const REFRESH_MS = 600_000;
/** Tokens with invented key ids must not make us hammer IAM. */
const REFETCH_INTERVAL_MS = 30_000;

/** IAM's keys could not be read and none were read before: nobody can be authenticated. */
export class IamUnavailableError extends DomainError {
  readonly code = 'iam_unavailable';
}

type FetchKeys = () => Promise<JSONWebKeySet>;

/**
 * IAM's signing keys. An unknown key id causes one fetch, at most every 30 s and shared by all who wait; when IAM does
 * not answer, the keys already known go on working (a signature does not become false because IAM is down).
 */
export class IamKeySet {
  #keys: JWTVerifyGetKey | undefined;
  #lastAttemptMs = Number.NEGATIVE_INFINITY;
  #lastSuccessMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;

  constructor(
    private readonly fetchKeys: FetchKeys,
    private readonly clock: Clock,
  ) {}

  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    if (!this.#keys) await this.#refetch();
    else if (this.clock.monotonicMs() - this.#lastSuccessMs > REFRESH_MS) void this.#refetch();
    if (!this.#keys) throw new IamUnavailableError('The signing keys of IAM cannot be read; try again later.');
    try {
      return await this.#keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refetch();
      return this.#keys(header, token);
    }
  };

  async #refetch(): Promise<void> {
    if (!this.#pending && this.clock.monotonicMs() - this.#lastAttemptMs >= REFETCH_INTERVAL_MS) {
      this.#lastAttemptMs = this.clock.monotonicMs();
      this.#pending = this.#read().finally(() => (this.#pending = undefined));
    }
    await this.#pending;
  }

  /** Never throws: a failed read leaves the known keys in place. */
  async #read(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await this.fetchKeys());
      this.#lastSuccessMs = this.clock.monotonicMs();
    } catch {
      // The next attempt is at most 30 s away; until then the known keys serve.
    }
  }
}

/** Longest wait for IAM; a caller without a known key waits for it once. */
const FETCH_TIMEOUT_MS = 5_000;

export function keysFrom(url: string): FetchKeys {
  return async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
    if (!answer.ok) throw new Error(`IAM answered ${answer.status}`);
    // createLocalJWKSet checks the shape.
    return (await answer.json()) as JSONWebKeySet;
  };
}
