import { type KmipClient } from '@lib/kmip-client';

import { createKey, fetchKey } from './keys';
import { type RunningService, until } from './running-service';

/** A key that was acknowledged, and its bytes as far as they were fetched. */
interface Acknowledged {
  readonly id: string;
  hex?: string;
}

interface Lane {
  /** When its last request was answered, on the clock of performance.now(). */
  servedAt: number;
  /** Since then. */
  failing: boolean;
}

const PAUSE_MS = 50;

/** Clients of both endpoints that create and fetch without pause; what fails on one is tried once on the other. */
export class Load {
  readonly keys: Acknowledged[] = [];
  /** Requests that failed on the endpoint that they were sent to first. */
  failedOnce = 0;
  /** Of those, which failed on the other too. */
  failedTwice = 0;
  /** Keys that were served with other bytes than before. */
  readonly wrong: string[] = [];
  readonly #lanes: Lane[];
  readonly #running: Promise<unknown>;
  #stopping = false;

  constructor(
    private readonly service: RunningService,
    clients = 8,
  ) {
    this.#lanes = Array.from({ length: clients }, () => ({ servedAt: 0, failing: false }));
    this.#running = Promise.all(this.#lanes.map((lane, index) => this.#drive(lane, index % 2)));
  }

  /** Until every client was served once more. @returns after how many milliseconds the last one was */
  async isWhole(withinMs: number): Promise<number> {
    const from = performance.now();
    await until('every client is served', withinMs, () =>
      this.#lanes.every(({ servedAt, failing }) => servedAt > from && !failing),
    );
    return Math.max(...this.#lanes.map(({ servedAt }) => servedAt)) - from;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Fetches every acknowledged key on both endpoints. @returns those that are lost or have other bytes */
  async lost(): Promise<readonly string[]> {
    const lost = new Set(this.wrong);
    for (const endpoint of [0, 1]) {
      const client = await this.service.kmip(endpoint);
      for (const key of this.keys) {
        const answer = await fetchKey(client, key.id);
        const hex = 'hex' in answer ? answer.hex : '';
        key.hex ??= hex;
        if (hex.length !== 64 || hex !== key.hex) lost.add(key.id);
      }
      await client.close();
    }
    return [...lost];
  }

  async #drive(lane: Lane, first: number): Promise<void> {
    let endpoint = first;
    let client: KmipClient | undefined;
    let known: Acknowledged | undefined;
    const request = async (): Promise<void> => {
      client ??= await this.service.kmip(endpoint);
      if (known === undefined || known.hex !== undefined) {
        known = { id: await createKey(client) };
        this.keys.push(known);
      }
      await this.#fetch(client, known);
    };
    const attempt = (): Promise<boolean> =>
      request().then(
        () => true,
        async () => {
          await client?.close().catch(() => undefined);
          client = undefined;
          endpoint = 1 - endpoint;
          return false;
        },
      );
    while (!this.#stopping) {
      if (await attempt()) Object.assign(lane, { servedAt: performance.now(), failing: false });
      else if (await this.#again(attempt)) Object.assign(lane, { servedAt: performance.now(), failing: false });
      else {
        lane.failing = true;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    await client?.close();
  }

  async #again(attempt: () => Promise<boolean>): Promise<boolean> {
    this.failedOnce += 1;
    const served = await attempt();
    if (!served) this.failedTwice += 1;
    return served;
  }

  async #fetch(client: KmipClient, key: Acknowledged): Promise<void> {
    const answer = await fetchKey(client, key.id);
    if (!('hex' in answer)) throw new Error(answer.message);
    if (key.hex !== undefined && key.hex !== answer.hex) this.wrong.push(key.id);
    key.hex = answer.hex;
  }
}
