import { type LoopbackServer, readBody, startLoopbackServer } from '@lib/testing';
import { once } from 'node:events';
import { type RequestListener } from 'node:http';

import { DEFAULT_POOL_LIMITS, type HttpRequest, UndiciExchange } from './http-exchange';

const GET: HttpRequest = { method: 'GET', path: '/x', headers: { accept: 'application/json' } };
const signal = (): AbortSignal => new AbortController().signal;

describe('UndiciExchange', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  async function setUp(
    listener: RequestListener,
    limits = DEFAULT_POOL_LIMITS,
  ): Promise<{ server: LoopbackServer; exchange: UndiciExchange }> {
    const server = await startLoopbackServer(listener);
    const exchange = new UndiciExchange(server.origin, { ...limits, maximumResponseBytes: 1_000 });
    open.push(server, exchange);
    return { server, exchange };
  }

  it('sends body and headers, reads status, headers and body, and wipes what it sent', async () => {
    const { exchange } = await setUp((request, response) => {
      void readBody(request).then((body) => {
        response.writeHead(201, { 'retry-after': '3' }).end(`${request.method} ${request.url} ${body.toString()}`);
      });
    });
    const body = Buffer.from('secret');
    const answer = await exchange.send({ method: 'POST', path: '/a?b=1', headers: {}, body }, signal());
    expect(answer.status).toBe(201);
    expect(answer.header('retry-after')).toBe('3');
    expect(answer.body.toString()).toBe('POST /a?b=1 secret');
    expect(body.every((byte) => byte === 0)).toBe(true);
  });

  it.each<[string, HttpRequest]>([
    ['the connection', GET],
    ['that of requests that must not be repeated', { ...GET, onlyOnce: true }],
  ])('keeps %s', async (_, request) => {
    const { server, exchange } = await setUp((_request, response) => response.end('{}'));
    for (let index = 0; index < 20; index += 1) await exchange.send(request, signal());
    // A second one where a request follows before the first connection is free again.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it('sends nothing that must not be repeated over a connection that was idle, whatever the server promises', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const limits = { ...DEFAULT_POOL_LIMITS, onlyOnceKeepAliveMs: 1 };
    const { server, exchange } = await setUp((request, response) => {
      closed = once(request.socket, 'close');
      response.writeHead(200, { connection: 'keep-alive', 'keep-alive': 'timeout=60' }).end('{}');
    }, limits);
    for (let index = 1; index <= 3; index += 1) {
      await exchange.send({ ...GET, onlyOnce: true }, signal());
      await closed;
      expect(server.connections()).toBe(index);
    }
  });

  it('follows no redirect', async () => {
    let reached = 0;
    const { server: target } = await setUp((_request, response) => {
      reached += 1;
      response.end();
    });
    const { exchange } = await setUp((_request, response) => {
      response.writeHead(307, { location: `${target.origin}/stolen` }).end();
    });
    expect((await exchange.send(GET, signal())).status).toBe(307);
    expect(reached).toBe(0);
  });

  it('knows that nothing was sent when nobody listens', async () => {
    const { server, exchange } = await setUp((_request, response) => response.end());
    await server.close();
    await expect(exchange.send(GET, signal())).rejects.toMatchObject({ kind: 'connection', sent: false });
  });

  it('knows that something was sent when the connection breaks before the answer', async () => {
    let effects = 0;
    const { exchange } = await setUp((request) => {
      effects += 1;
      request.socket.destroy();
    });
    await expect(exchange.send({ ...GET, onlyOnce: true }, signal())).rejects.toMatchObject({
      kind: 'connection',
      sent: true,
    });
    expect(effects).toBe(1);
  });

  it('knows that something was sent when the answer breaks off', async () => {
    const { exchange } = await setUp((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    await expect(exchange.send(GET, signal())).rejects.toMatchObject({ kind: 'connection', sent: true });
  });

  it('stops when the signal fires, and serves the next request', async () => {
    let hang = true;
    const { exchange } = await setUp((_request, response) => {
      if (hang) controller.abort();
      else response.end('ok');
    });
    const controller = new AbortController();
    await expect(exchange.send(GET, controller.signal)).rejects.toMatchObject({ kind: 'aborted', sent: true });
    hang = false;
    expect((await exchange.send(GET, signal())).body.toString()).toBe('ok');
  });

  it('sends nothing once the signal has fired', async () => {
    let requests = 0;
    const { exchange } = await setUp((_request, response) => {
      requests += 1;
      response.end();
    });
    await expect(exchange.send(GET, AbortSignal.abort())).rejects.toMatchObject({ kind: 'aborted', sent: false });
    // Fires while the connection is being made: the request must not follow.
    const controller = new AbortController();
    const cut = exchange.send({ ...GET, onlyOnce: true }, controller.signal);
    controller.abort();
    await expect(cut).rejects.toMatchObject({ kind: 'aborted', sent: false });
    await exchange.send(GET, signal());
    expect(requests).toBe(1);
  });

  it('reads no more than the limit', async () => {
    const { exchange } = await setUp((_request, response) => response.end('x'.repeat(1_001)));
    await expect(exchange.send(GET, signal())).rejects.toMatchObject({ kind: 'too_large', sent: true });
  });

  it('finishes what is under way when it closes, and takes nothing new', async () => {
    let finish = (): void => undefined;
    const arrived = new AbortController();
    const { exchange } = await setUp((_request, response) => {
      finish = () => response.end('late');
      arrived.abort();
    });
    const underWay = exchange.send(GET, signal());
    await new Promise((resolve) => arrived.signal.addEventListener('abort', resolve));
    const closing = exchange.close();
    await expect(exchange.send(GET, signal())).rejects.toMatchObject({ kind: 'connection', sent: false });
    finish();
    expect((await underWay).body.toString()).toBe('late');
    await closing;
  });
});
