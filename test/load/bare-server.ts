import { type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { MessageFramer } from '@lib/kmip-protocol';

/** What the process that starts a bare server tells it. */
export interface BareOrders {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Base64 of what every message is answered with. */
  readonly answer: string;
}

const BACKLOG = 4_096;

/**
 * What a KMIP server costs that does nothing: mutual TLS by Node's defaults, whole messages read, one and the same
 * answer to each. It runs in a process of its own and tells its port to the one that started it.
 */
function serve({ certificatePem, keyPem, answer }: BareOrders): void {
  const bytes = Buffer.from(answer, 'base64');
  const options = { cert: certificatePem, key: keyPem, requestCert: true, rejectUnauthorized: false, noDelay: true };
  const server = createServer(options, (socket) => {
    const framer = new MessageFramer();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (let left = framer.push(chunk).messages.length; left > 0; left -= 1) socket.write(bytes);
    });
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
    process.send?.((server.address() as AddressInfo).port);
  });
}

if (require.main === module) {
  process.once('message', (orders) => serve(orders as BareOrders));
  process.once('disconnect', () => process.exit());
}
