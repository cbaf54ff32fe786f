import { type Clock } from '@lib/kernel';

/** Lines of one kind at once, and then one more for each so many milliseconds. */
const BURST = 20;
const REFILL_MS = 1_000;

interface Bucket {
  lines: number;
  atMs: number;
  suppressed: number;
}

/** Keeps what strangers cause from filling the disk: their number is in the metrics, the log has examples. */
export class LogLimiter {
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  /**
   * @param kind from a closed vocabulary
   * @returns whether to write this line, and how many were left out before it
   */
  allow(kind: string): { readonly suppressed: number } | undefined {
    const nowMs = this.clock.monotonicMs();
    const bucket = this.#buckets.get(kind) ?? { lines: BURST, atMs: nowMs, suppressed: 0 };
    this.#buckets.set(kind, bucket);
    const refilled = Math.floor((nowMs - bucket.atMs) / REFILL_MS);
    bucket.lines = Math.min(BURST, bucket.lines + refilled);
    bucket.atMs += refilled * REFILL_MS;
    if (bucket.lines === 0) {
      bucket.suppressed += 1;
      return undefined;
    }
    const { suppressed } = bucket;
    bucket.lines -= 1;
    bucket.suppressed = 0;
    return { suppressed };
  }
}
