import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** What the process that starts a relay tells it: first where, then how slow, as often as it likes. */
export type RelayOrders =
  { readonly listen: string; readonly forward: string } | { readonly delayMs: number } | { readonly report: true };

const SOCKET = '.s.PGSQL.5432';

let delayMs = 0;
let roundTrips = 0;

/**
 * Stands between the product and PostgreSQL, as a network does: every answer takes so much longer, and the turns from
 * asking to answering are counted. It works on the folders of Unix sockets.
 */
function relay(listen: string, forward: string): void {
  const server = createServer((client) => {
    const upstream = createConnection(join(forward, SOCKET));
    let asking = false;
    end(client, upstream);
    end(upstream, client);
    client.on('data', (chunk) => {
      if (!asking) roundTrips += 1;
      asking = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      asking = false;
      // Timers of one length end in the order in which they were set.
      if (delayMs > 0) setTimeout(() => client.write(chunk), delayMs);
      else client.write(chunk);
    });
  });
  server.listen(join(listen, SOCKET), () => process.send?.('listening'));
}

function end(socket: Socket, other: Socket): void {
  socket.on('error', () => undefined);
  socket.on('close', () => other.destroy());
}

if (require.main === module) {
  process.on('message', (orders: RelayOrders) => {
    if ('listen' in orders) relay(orders.listen, orders.forward);
    else if ('delayMs' in orders) ({ delayMs } = orders);
    else process.send?.(roundTrips);
  });
  process.once('disconnect', () => process.exit());
}
