import { type Clock } from '@lib/kernel';

export interface RateLimit {
  /** Requests a second that go on for ever. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Callers remembered at once; the longest idle ones are forgotten first, and a forgotten caller starts full. */
const MAX_CALLERS = 50_000;

/** Token bucket a caller, in the memory of one process: with N processes a caller may do N times as much. */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly limit: RateLimit,
    private readonly clock: Clock,
    private readonly maxCallers = MAX_CALLERS,
  ) {}

  /** @returns 0 when the caller may go on, otherwise the seconds after which one request is free again. */
  take(caller: string): number {
    const bucket = this.#bucketOf(caller);
    // Re-inserted, so that the map's order is the order of last use.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    this.#forgetOldest();
    const seconds = this.#secondsUntilFree(bucket);
    if (seconds === 0) bucket.tokens -= 1;
    return seconds;
  }

  /** What `take` would say, without taking. */
  wait(caller: string): number {
    return this.#secondsUntilFree(this.#bucketOf(caller));
  }

  /** API Handbook, rate limits: what a refusal tells besides its status. Limits are stated for an hour. */
  limitHeaders(retryAfterSeconds: number): Record<string, string> {
    const freeAt = Math.ceil(this.clock.now().getTime() / 1_000) + retryAfterSeconds;
    return {
      'retry-after': String(retryAfterSeconds),
      'x-ratelimit-limit': String(Math.floor(this.limit.perSecond * 3_600)),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(freeAt),
    };
  }

  #bucketOf(caller: string): Bucket {
    const now = this.clock.monotonicMs();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.limit.burst, filledAtMs: now };
    const refill = ((now - bucket.filledAtMs) / 1000) * this.limit.perSecond;
    bucket.tokens = Math.min(this.limit.burst, bucket.tokens + refill);
    bucket.filledAtMs = now;
    return bucket;
  }

  #secondsUntilFree({ tokens }: Bucket): number {
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.limit.perSecond));
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= this.maxCallers) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
