import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';

import fastify, { type FastifyInstance } from 'fastify';

import { drainOnClose } from './draining';
import { serverOptions } from './server-limits';

const LIMITS = { managementMaximumConnections: 9, managementMaximumConnectionsPerAddress: 9 };
const LONG = { headersMs: 60_000, requestMs: 60_000, idleMs: 60_000, silentMs: 60_000 };
const LONG_MS = 60_000;

describe('an HTTP server that is asked to stop', () => {
  let server: FastifyInstance;
  let answer: () => void;
  let asked: Promise<void>;
  let closing: Promise<void>;
  const sockets: Socket[] = [];

  async function serve(graceMs: number): Promise<void> {
    server = fastify(serverOptions(LIMITS, LONG));
    drainOnClose(server, graceMs);
    closing = new Promise((resolve) => {
      server.addHook('preClose', (done) => {
        resolve();
        done();
      });
    });
    const answered = new Promise<void>((resolve) => (answer = resolve));
    asked = new Promise((resolve) => {
      server.get('/held', async () => {
        resolve();
        await answered;
        return { ok: true };
      });
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
  }

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function open(): Promise<{ socket: Socket; ended: Promise<string> }> {
    const { port } = server.server.address() as AddressInfo;
    const accepted = once(server.server, 'connection');
    const socket = connect({ host: '127.0.0.1', port });
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    const ended = once(socket, 'close').then(() => text);
    await accepted;
    return { socket, ended };
  }

  it('answers what is under way, and keeps no connection for it', async () => {
    await serve(LONG_MS);
    const { socket, ended } = await open();
    socket.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n');
    await asked;
    const closed = server.close();
    await closing;
    answer();
    await closed;
    expect(await ended).toMatch(/^HTTP\/1\.1 200 .*\r\nconnection: close\r\n.*\{"ok":true\}$/is);
  });

  it('waits for nobody who has sent nothing', async () => {
    await serve(LONG_MS);
    const { ended } = await open();
    await server.close();
    expect(await ended).toBe('');
  });

  it('cuts what is not sent or answered in time', async () => {
    await serve(50);
    const [half, held] = [await open(), await open()];
    half.socket.write('GET /held HT');
    held.socket.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n');
    await asked;
    await server.close();
    expect([await half.ended, await held.ended]).toEqual(['', '']);
    answer();
  });
});
