import { join } from 'node:path';

import { Link, type LinkEnd, type LinkJudge } from '@lib/testing';

/** What the process that starts a relay tells it at first. */
export interface RelayPlace {
  readonly listen: string;
  readonly forward: string;
}

/** And then, as often as it likes: how slow it is to be, or to say how many round trips there were. */
export type RelayOrders = { readonly delayMs: number } | { readonly report: true };

const SOCKET = '.s.PGSQL.5432';

/** Turns from asking to answering, of all connections. */
class RoundTrips {
  count = 0;
  readonly #asking = new WeakSet();

  readonly judge: LinkJudge = (_, direction, connection) => {
    if (direction === 'back') this.#asking.delete(connection);
    else if (!this.#asking.has(connection)) {
      this.#asking.add(connection);
      this.count += 1;
    }
    return 'pass';
  };
}

const socketIn = (folder: string): LinkEnd => ({ path: join(folder, SOCKET) });

/**
 * Stands between the product and PostgreSQL, as a network does, in a process of its own: every answer takes so much
 * longer, and round trips are counted. It works on the folders of Unix sockets.
 */
async function relay({ listen, forward }: RelayPlace): Promise<void> {
  const roundTrips = new RoundTrips();
  const link = await Link.open(socketIn(listen), socketIn(forward), roundTrips.judge);
  process.on('message', (orders: RelayOrders) => {
    if ('delayMs' in orders) link.delayMs.back = orders.delayMs;
    else process.send?.(roundTrips.count);
  });
  process.send?.('listening');
}

if (require.main === module) {
  process.once('message', (place: RelayPlace) => void relay(place));
  process.once('disconnect', () => process.exit());
}
