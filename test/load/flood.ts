import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { type KmipClient } from '@lib/kmip-client';

import { clientOf, connect, type Target } from './support/target';

/** How one tenant, or somebody without a certificate, tries to keep a server busy. */
export type FloodKind =
  /** The same message on each connection, again as soon as it is answered. */
  | { readonly kind: 'messages'; readonly request: string }
  /** A handshake, and at its end the next. */
  | { readonly kind: 'handshakes' }
  /** Connections that never say anything. */
  | { readonly kind: 'silence' };

export interface FloodOrders {
  readonly flood: FloodKind;
  readonly lanes: number;
  readonly ports: readonly number[];
  readonly identity: { readonly certificatePem: string; readonly keyPem: string; readonly caPem: string };
}

/** What came of the flood so far. */
export interface FloodReport {
  readonly answered: number;
  readonly failed: number;
}

const PATIENCE_MS = 120_000;
const PAUSE_AFTER_FAILURE_MS = 50;

/** Floods a server from a process of its own until that is ended; reports once it is in full flow, and when asked. */
class Flood {
  #answered = 0;
  #failed = 0;
  readonly #target: Target;

  constructor(private readonly orders: FloodOrders) {
    const { certificatePem, keyPem, caPem } = orders.identity;
    const client = clientOf(certificatePem, keyPem, caPem);
    this.#target = {
      name: 'flooded',
      ports: orders.ports,
      client: { ...client, connectTimeoutMs: PATIENCE_MS, requestTimeoutMs: PATIENCE_MS },
      processes: () => ({}),
    };
  }

  get report(): FloodReport {
    return { answered: this.#answered, failed: this.#failed };
  }

  /** @returns when every lane has begun */
  async start(): Promise<void> {
    const begun = Array.from({ length: this.orders.lanes }, (_, lane) => this.#lane(lane));
    await Promise.all(begun);
  }

  /** @returns when its first round is over, well or not; it goes on for ever */
  #lane(lane: number): Promise<void> {
    return new Promise((begun) => {
      const goOn = async (): Promise<never> => {
        for (;;) {
          try {
            await this.#round(lane, () => {
              this.#answered += 1;
              begun();
            });
          } catch {
            this.#failed += 1;
            begun();
            await delay(PAUSE_AFTER_FAILURE_MS);
          }
        }
      };
      void goOn();
    });
  }

  async #round(lane: number, answered: () => void): Promise<void> {
    const { flood } = this.orders;
    switch (flood.kind) {
      case 'messages': {
        const client = await connect(this.#target, lane);
        return exchange(client, Buffer.from(flood.request, 'base64'), answered);
      }
      case 'handshakes':
        await (await connect(this.#target, lane)).close();
        answered();
        return;
      case 'silence':
        return this.#silence(lane, answered);
    }
  }

  #silence(lane: number, begun: () => void): Promise<void> {
    const { ports } = this.orders;
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port: ports[lane % ports.length] ?? 0 }, begun);
      socket.once('error', reject);
      socket.once('close', () => resolve());
    });
  }
}

async function exchange(client: KmipClient, request: Buffer, answered: () => void): Promise<never> {
  for (;;) {
    await client.sendBytes(request);
    answered();
  }
}

async function main(orders: FloodOrders): Promise<void> {
  const flood = new Flood(orders);
  await flood.start();
  process.on('message', () => process.send?.(flood.report));
  process.send?.('flows');
}

if (require.main === module) {
  process.once('message', (orders) => void main(orders as FloodOrders));
  process.once('disconnect', () => process.exit());
}
