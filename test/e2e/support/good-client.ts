import { type KmipClient } from '@lib/kmip-client';
import { setTimeout as delay } from 'node:timers/promises';

import { fetchKey } from './keys';

const PAUSE_MS = 20;

/**
 * A client with manners that fetches a key again and again, on an open connection and on new ones in turn, while
 * others misbehave.
 */
export class GoodClient {
  readonly #latencies: number[] = [];
  readonly #failures: string[] = [];
  readonly #running: Promise<void>;
  #stopping = false;

  private constructor(
    private readonly connect: () => Promise<KmipClient>,
    private readonly key: string,
  ) {
    this.#running = this.#run();
  }

  static start(connect: () => Promise<KmipClient>, key: string): GoodClient {
    return new GoodClient(connect, key);
  }

  /** Milliseconds each answer took, connecting included where it was needed. */
  async stop(): Promise<{ readonly latencies: readonly number[]; readonly failures: readonly string[] }> {
    this.#stopping = true;
    await this.#running;
    return { latencies: this.#latencies.toSorted((a, b) => a - b), failures: this.#failures };
  }

  async #run(): Promise<void> {
    const open = await this.connect();
    try {
      do {
        await this.#attempt(() => Promise.resolve(open));
        await this.#attempt(this.connect, true);
        await delay(PAUSE_MS);
      } while (!this.#stopping);
    } finally {
      await open.close();
    }
  }

  async #attempt(client: () => Promise<KmipClient>, closing = false): Promise<void> {
    const startedAt = performance.now();
    try {
      const connected = await client();
      const answer = await fetchKey(connected, this.key);
      if (closing) await connected.close();
      if (!('hex' in answer)) this.#failures.push(answer.message);
    } catch (error) {
      this.#failures.push(String(error));
    }
    this.#latencies.push(performance.now() - startedAt);
  }
}
