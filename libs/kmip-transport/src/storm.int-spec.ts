import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';

import {
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import { EchoHandler, framed, RawPeer, RecordingObserver } from '@lib/testing';

import { KmipListener, type TransportLimits } from './index';

jest.setTimeout(120_000);

let server: IssuedCertificate;
let client: IssuedCertificate;
let handler: EchoHandler;
let observer: RecordingObserver;
let listener: KmipListener;
let port: number;
let peers: RawPeer[];

beforeAll(async () => {
  const ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 2 });
  const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 1 };
  server = await issueServerCertificate(ca, names);
  client = await issueClientCertificate('self-signed', { commonName: 'site', validDays: 1, keyKind: 'ec-p256' });
});

beforeEach(() => {
  handler = new EchoHandler();
  observer = new RecordingObserver();
  peers = [];
});

afterEach(async () => {
  for (const peer of peers) peer.destroy();
  await listener.close({ graceMs: 0 });
});

async function start(limits: Partial<TransportLimits> = {}): Promise<void> {
  listener = new KmipListener({ host: '0.0.0.0', port: 0, certificate: server, handler, observer, limits });
  ({ port } = await listener.listen());
}
const keep = (peer: RawPeer): RawPeer => {
  peers.push(peer);
  return peer;
};
const tls = async (): Promise<RawPeer> => keep(await RawPeer.tls(port, client));
const tcp = async (localAddress?: string): Promise<RawPeer> => keep(await RawPeer.tcp(port, localAddress));

/** Until the listener has seen what its peers did: every socket is half open or open, and none is both. */
async function balanced(expected: { readonly halfOpen: number; readonly open: number }): Promise<void> {
  const seen = () => ({ halfOpen: listener.halfOpenCount, open: listener.connectionCount, all: listener.socketCount });
  const wanted = { ...expected, all: expected.halfOpen + expected.open };
  const until = performance.now() + 20_000;
  while (JSON.stringify(seen()) !== JSON.stringify(wanted) && performance.now() < until) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(seen()).toEqual(wanted);
}

it('hosts that connect at once are all served, by default limits, from one address with one certificate', async () => {
  await start();
  const hosts = await Promise.all(Array.from({ length: 200 }, () => tls()));
  const answers = await Promise.all(hosts.map((host, n) => host.send(framed(`host ${n}`)).receiveMessage()));
  expect(answers).toEqual(hosts.map((_, n) => `host ${n}`));
  expect(observer.all('failed')).toEqual([]);
  await balanced({ halfOpen: 0, open: 200 });
});

it('hosts wait for their turn while another lets its handshake lie, and that one is cut off in its own time', async () => {
  await start({ maximumHandshakes: 1, handshakeTimeoutMs: 3_000 });
  const idle = (await tcp('127.0.0.2')).send(Buffer.from('16030100c8010000c40303', 'hex'));
  await balanced({ halfOpen: 1, open: 0 });
  const hosts = await Promise.all([tls(), tls(), tls()]);
  expect(await hosts[2].send(framed('served')).receiveMessage()).toBe('served');
  await idle.closed();
  expect(await observer.next('failed')).toMatchObject({ reason: 'timeout', address: '127.0.0.2' });
  await balanced({ halfOpen: 0, open: 3 });
});

it('who says nothing takes no turn, and makes room before one that waits', async () => {
  await start({ maximumHandshakes: 1, maximumHalfOpen: 3 });
  const hello = Buffer.from('16030100c8010000c40303', 'hex');
  const waiting = [(await tcp()).send(hello), (await tcp()).send(hello)];
  const silent = await tcp();
  await balanced({ halfOpen: 3, open: 0 });
  const host = await tls();
  expect(await host.send(framed('served')).receiveMessage()).toBe('served');
  await silent.closed();
  expect(waiting.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
});

it('a client that leaves while it waits leaves nothing behind', async () => {
  await start({ maximumHandshakes: 1 });
  const hello = Buffer.from('16030100c8010000c40303', 'hex');
  const gone = await Promise.all(Array.from({ length: 20 }, async () => (await tcp()).send(hello)));
  await balanced({ halfOpen: 20, open: 0 });
  for (const peer of gone) peer.reset();
  await balanced({ halfOpen: 0, open: 0 });
  expect(await (await tls()).send(framed('served')).receiveMessage()).toBe('served');
});

describe('a client that reaches two of our addresses from one port', () => {
  const from = async (host: string, localPort?: number): Promise<RawPeer> => {
    const options = { host, port, localAddress: '127.0.0.1', ...(localPort === undefined ? {} : { localPort }) };
    const socket = connectTcp(options);
    await once(socket, 'connect');
    return keep(new RawPeer(socket));
  };

  it('has two connections: the one that is open is not cut off for the one that says nothing', async () => {
    await start({ handshakeTimeoutMs: 1_500 });
    const first = await from('127.0.0.1');
    const silent = await from('127.0.0.2', first.socket.localPort);
    expect(silent.socket.localPort).toBe(first.socket.localPort);
    await balanced({ halfOpen: 2, open: 0 });

    const open = keep(await RawPeer.tls(port, client, { socket: first.socket }));
    expect(await open.send(framed('first')).receiveMessage()).toBe('first');
    await balanced({ halfOpen: 1, open: 1 });
    await silent.closed();
    await balanced({ halfOpen: 0, open: 1 });
    expect(await open.send(framed('still here')).receiveMessage()).toBe('still here');
  });
});

it('sockets are half open or open, whatever their peers do', async () => {
  await start();
  const hello = Buffer.from('16030100c8010000c40303', 'hex');
  const manners: readonly (() => Promise<unknown>)[] = [
    async () => (await tcp()).send('GET / HTTP/1.1\r\n\r\n').closed(),
    async () => (await tcp()).send(framed('no TLS')).closed(),
    async () => (await tcp()).send(hello).reset(),
    async () => (await tcp()).destroy(),
    async () => (await tls()).reset(),
    async () => (await tls()).send(framed('x')).destroy(),
    async () => (await tls()).send(framed('close')).closed(),
    () => RawPeer.tls(port, client, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }).catch(() => undefined),
  ];
  await Promise.all(Array.from({ length: 10 }, () => manners.map((behave) => behave())).flat());
  const [silent] = await Promise.all([tcp(), tcp(), tls(), tls(), tls()]);
  await balanced({ halfOpen: 2, open: 3 });
  silent.destroy();
  await balanced({ halfOpen: 1, open: 3 });
});
