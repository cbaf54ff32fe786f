import { type KmipClient } from '@lib/kmip-client';

import { fetchKey } from './keys';
import { type RunningService } from './running-service';

/** A client of both endpoints as vCenter is one: what fails on a connection is tried once on the other endpoint. */
export class ResilientClient {
  /** Requests that failed on the endpoint that they were sent to first. */
  failedOnce = 0;
  #client: KmipClient | undefined;
  #endpoint: number;

  constructor(
    private readonly service: RunningService,
    first: number,
  ) {
    this.#endpoint = first;
  }

  /** @throws when both endpoints fail */
  async fetch(key: string): Promise<string> {
    try {
      return await this.#fetch(key);
    } catch {
      this.failedOnce += 1;
      await this.close();
      this.#endpoint = 1 - this.#endpoint;
      return await this.#fetch(key);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  async #fetch(key: string): Promise<string> {
    this.#client ??= await this.service.kmip(this.#endpoint);
    const answer = await fetchKey(this.#client, key);
    if ('hex' in answer) return answer.hex;
    throw new Error(answer.message);
  }
}
