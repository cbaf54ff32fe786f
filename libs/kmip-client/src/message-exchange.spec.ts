import { type Duplex, duplexPair } from 'node:stream';

import { KmipClientError } from './kmip-client.error';
import { MessageExchange } from './message-exchange';

/** Outer headers are all the exchange looks at. */
const request = (byte: number): Buffer => Buffer.from([0x42, 0x00, 0x78, 1, 0, 0, 0, 1, byte]);
const response = (byte: number): Buffer => Buffer.from([0x42, 0x00, 0x7b, 1, 0, 0, 0, 1, byte]);

interface Ends {
  readonly exchange: MessageExchange;
  readonly server: Duplex;
  /** Bytes the server has received so far. */
  readonly received: () => Buffer;
}

const open: MessageExchange[] = [];

function connect({ maximumInFlight = 1, requestTimeoutMs = 5_000 } = {}): Ends {
  const [client, server] = duplexPair();
  const exchange = new MessageExchange(client, { maximumInFlight, requestTimeoutMs });
  const chunks: Buffer[] = [];
  server.on('data', (chunk: Buffer) => chunks.push(chunk));
  server.on('error', () => undefined);
  open.push(exchange);
  return { exchange, server, received: () => Buffer.concat(chunks) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const faultOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof KmipClientError ? error.fault : error),
  );

afterEach(async () => {
  await Promise.all(open.splice(0).map((exchange) => exchange.close()));
});

describe('MessageExchange', () => {
  it('keeps one request in flight and answers in order', async () => {
    const { exchange, server, received } = connect();
    const answers = [exchange.send(request(1)), exchange.send(request(2))];
    await settled();
    expect(received()).toEqual(request(1));
    server.write(response(11));
    await expect(answers[0]).resolves.toEqual(response(11));
    await settled();
    expect(received()).toEqual(Buffer.concat([request(1), request(2)]));
    server.write(response(12));
    await expect(answers[1]).resolves.toEqual(response(12));
  });

  it('pipelines when told to', async () => {
    const { exchange, server, received } = connect({ maximumInFlight: 2 });
    const answers = [1, 2, 3].map((byte) => exchange.send(request(byte)));
    await settled();
    expect(received()).toEqual(Buffer.concat([request(1), request(2)]));
    server.write(Buffer.concat([response(1), response(2)]));
    await settled();
    server.write(response(3));
    expect(await Promise.all(answers)).toEqual([response(1), response(2), response(3)]);
  });

  it('puts together an answer that comes byte by byte', async () => {
    const { exchange, server } = connect();
    const answer = exchange.send(request(1));
    for (const byte of response(9)) server.write(Buffer.from([byte]));
    await expect(answer).resolves.toEqual(response(9));
  });

  it('fails everything that waits when the server closes', async () => {
    const { exchange, server } = connect();
    const faults = [exchange.send(request(1)), exchange.send(request(2))].map(faultOf);
    server.end();
    expect(await Promise.all(faults)).toEqual(['closed', 'closed']);
    expect(await faultOf(exchange.send(request(3)))).toBe('closed');
  });

  it('gives up on a server that does not answer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    try {
      const { exchange } = connect({ requestTimeoutMs: 700 });
      const fault = faultOf(exchange.send(request(1)));
      jest.advanceTimersByTime(700);
      expect(await fault).toBe('timeout');
      expect(await faultOf(exchange.send(request(2)))).toBe('timeout');
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request')],
    ['a request', request(1)],
  ])('refuses %s as an answer', async (_name, bytes) => {
    const { exchange, server } = connect();
    const fault = faultOf(exchange.send(request(1)));
    server.write(bytes);
    expect(await fault).toBe('protocol');
  });

  it('refuses an answer that nobody asked for', async () => {
    const { exchange, server } = connect();
    server.write(response(1));
    await settled();
    expect(await faultOf(exchange.send(request(1)))).toBe('protocol');
  });

  it('fails what waits when it is closed, and can be closed twice', async () => {
    const { exchange } = connect();
    const fault = faultOf(exchange.send(request(1)));
    await exchange.close();
    await exchange.close();
    expect(await fault).toBe('closed');
  });
});
