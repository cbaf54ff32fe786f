import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';

import fastify, { type FastifyInstance } from 'fastify';

import { addressOf, limitConnections, serverOptions, type ServerSettings, type ServerTimes } from './server-limits';

const LIMITS = { managementMaximumConnections: 4, managementMaximumConnectionsPerAddress: 2 };
const LONG: ServerTimes = { headersMs: 60_000, requestMs: 60_000, idleMs: 60_000, silentMs: 60_000 };
const HOST = { host: 'a' };

describe('limits of the HTTP server', () => {
  let server: FastifyInstance;
  const sockets: Socket[] = [];

  async function serve(settings: Partial<ServerSettings> = {}, times: Partial<ServerTimes> = {}): Promise<void> {
    const all = { ...LIMITS, ...settings };
    server = fastify(serverOptions(all, { ...LONG, ...times }));
    limitConnections(server, all);
    server.get('/who', (request) => ({ address: addressOf(request) }));
    server.post('/body', () => ({ ok: true }));
    await server.listen({ host: '127.0.0.1', port: 0 });
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  /** @param from the source address: all of 127.0.0.0/8 is this machine */
  async function open(from = '127.0.0.1'): Promise<Socket> {
    const { port } = server.server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  const request = (headers: Record<string, string> = HOST): string =>
    `GET /who HTTP/1.1\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`;

  /** What comes back until `enough` or the end of the connection. */
  function received(socket: Socket, enough = /\r\n\r\n.*\}/s): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (enough.test(text)) resolve(text);
      });
      socket.once('close', () => resolve(text));
    });
  }

  async function ask(socket: Socket, text = request()): Promise<string> {
    const answer = received(socket);
    socket.write(text);
    return await answer;
  }

  const addressSeen = async (settings: Partial<ServerSettings>, forwarded: string): Promise<unknown> => {
    await serve(settings);
    const answer = await ask(await open('127.0.0.7'), request({ ...HOST, 'x-forwarded-for': forwarded }));
    return (JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as { address: string }).address;
  };

  describe('the address of the client', () => {
    const behindProxy = { managementTrustedProxies: ['127.0.0.7'] };
    it.each<[string, Partial<ServerSettings>, string, string]>([
      ['is that of the connection, whatever it claims', {}, '203.0.113.5', '127.0.0.7'],
      [
        'is not believed of a neighbour of the proxy',
        { managementTrustedProxies: ['127.0.0.8'] },
        '1.1.1.1',
        '127.0.0.7',
      ],
      ['is what the trusted proxy saw', behindProxy, '203.0.113.5', '203.0.113.5'],
      [
        'is what the proxy saw, not what the client claims before it',
        behindProxy,
        '6.6.6.6, 203.0.113.5',
        '203.0.113.5',
      ],
      [
        'passes over several proxies',
        { managementTrustedProxies: ['127.0.0.0/24', '10.0.0.0/8'] },
        '203.0.113.5, 10.1.1.1',
        '203.0.113.5',
      ],
      ['is the proxy where that names no address', behindProxy, 'unknown', '127.0.0.7'],
      ['is one name for both forms of IPv4', behindProxy, '::ffff:203.0.113.5', '203.0.113.5'],
    ])('%s', async (_name, settings, forwarded, expected) => {
      expect(await addressSeen(settings, forwarded)).toBe(expected);
    });
  });

  describe('connections', () => {
    it('over the limit of an address are told so and closed, while other addresses are served', async () => {
      await serve();
      const [first] = [await open(), await open()];
      const answer = await ask(await open());
      expect(answer).toMatch(/^HTTP\/1\.1 503 .*\r\nconnection: close\r\n/is);
      expect(answer).toMatch(/retry-after: 1\r\n/i);
      expect(answer).toContain('Your address has more than 2 connections open');
      expect(await ask(await open('127.0.0.2'))).toMatch(/^HTTP\/1\.1 200 /);
      expect(await ask(first)).toMatch(/^HTTP\/1\.1 200 /);
    });

    it('have room again once some are closed', async () => {
      await serve();
      const [first] = [await open(), await open()];
      first.destroy();
      await once(first, 'close');
      let answer = '';
      while (!answer.startsWith('HTTP/1.1 200')) answer = await ask(await open());
    });

    it('far over the limit are closed at once', async () => {
      await serve();
      for (let count = 0; count < 4; count += 1) await open();
      expect(await ask(await open())).toBe('');
    });

    it('over the limit of the process are told so, wherever from', async () => {
      await serve();
      for (let address = 1; address <= 4; address += 1) await open(`127.0.0.${address}`);
      expect(await ask(await open('127.0.0.9'))).toContain('More than 4 connections are open');
    });

    it('of a trusted proxy count for the process alone', async () => {
      await serve({ managementTrustedProxies: ['127.0.0.1'] });
      for (let count = 0; count < 3; count += 1) await open();
      expect(await ask(await open())).toMatch(/^HTTP\/1\.1 200 /);
    });
  });

  describe('slow callers', () => {
    it('who do not finish their headers are told the limit, however steadily they send', async () => {
      await serve({}, { headersMs: 300, requestMs: 300 });
      const socket = await open();
      const answer = received(socket, /never/);
      socket.write('GET /who HTTP/1.1\r\n');
      const dripping = setInterval(() => socket.write('x: y\r\n'), 20);
      expect(await answer).toMatch(/^HTTP\/1\.1 408 .*did not arrive within 0\.3 s/s);
      clearInterval(dripping);
    });

    it('who do not finish their body are cut off', async () => {
      await serve({}, { headersMs: 100, requestMs: 300 });
      const socket = await open();
      const answer = received(socket, /never/);
      socket.write('POST /body HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n');
      const dripping = setInterval(() => socket.write(' '), 20);
      expect(await answer).toMatch(/^HTTP\/1\.1 408 /);
      clearInterval(dripping);
    });

    it('who send nothing more are closed', async () => {
      await serve({}, { idleMs: 50 });
      const socket = await open();
      const closed = once(socket, 'close');
      expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 /);
      await closed;
    });

    it('who never send anything are closed', async () => {
      await serve({}, { silentMs: 50 });
      await once((await open()).resume(), 'close');
    });
  });

  it('names the limit of headers', async () => {
    await serve();
    expect(await ask(await open(), request({ ...HOST, x: 'y'.repeat(20_000) }))).toMatch(
      /^HTTP\/1\.1 431 .*larger than 16384 bytes/s,
    );
  });

  it('takes no request that HTTP/1.1 does not know', async () => {
    await serve();
    expect(await ask(await open(), 'GET /who HTTP/1.1\r\nhost : a\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*not a valid/s);
  });
});
