import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

import {
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import { EchoHandler, framed, RawPeer, RecordingObserver } from '@lib/testing';

import { KmipListener } from './index';

/** PROXY protocol v2: 192.0.2.7:4000 to 127.0.0.1:5696, and the balancer speaking for itself. */
const HEADER = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002077f0000010fa01640', 'hex');
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
const BALANCER = '127.0.0.2';

let server: IssuedCertificate;
let client: IssuedCertificate;
let handler: EchoHandler;
let observer: RecordingObserver;
let listener: KmipListener;
let port: number;
let sockets: { destroy(): void }[];

beforeAll(async () => {
  const ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 2 });
  const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 1 };
  server = await issueServerCertificate(ca, names);
  client = await issueClientCertificate('self-signed', { commonName: 'kmipClient', validDays: 1, keyKind: 'ec-p256' });
});

beforeEach(async () => {
  handler = new EchoHandler();
  observer = new RecordingObserver();
  sockets = [];
  listener = new KmipListener({
    host: '127.0.0.1',
    port: 0,
    certificate: server,
    handler,
    observer,
    proxyProtocolFrom: [`${BALANCER}/32`],
    limits: { handshakeTimeoutMs: 800, maximumHalfOpenPerAddress: 2 },
  });
  ({ port } = await listener.listen());
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await listener.close({ graceMs: 0 });
  expect(listener.halfOpenCount).toBe(0);
});

async function fromBalancer(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: BALANCER, noDelay: true });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function handshake(socket: Duplex): Promise<RawPeer> {
  const peer = await RawPeer.tls(port, client, { socket });
  sockets.push(peer);
  return peer;
}

/** A stream that puts `header` in front of the first bytes, in one packet with them. */
function glued(socket: Socket, header: Buffer): Duplex {
  let front = header;
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(Buffer.concat([front, chunk]), done);
      front = Buffer.alloc(0);
    },
  });
  socket.on('data', (chunk) => stream.push(chunk));
  socket.on('close', () => stream.destroy());
  return stream;
}

describe('behind a balancer with PROXY protocol', () => {
  it('the client is who the header says, in a packet of its own', async () => {
    const socket = await fromBalancer();
    socket.write(HEADER);
    const peer = await handshake(socket);
    expect(await peer.send(framed('x')).receiveMessage()).toBe('x');
    expect(handler.peers[0]).toMatchObject({ remoteAddress: '192.0.2.7', remotePort: 4000 });
  });

  it('the header may be glued to the ClientHello', async () => {
    const peer = await handshake(glued(await fromBalancer(), HEADER));
    expect(await peer.send(framed('x')).receiveMessage()).toBe('x');
    expect(handler.peers[0]).toMatchObject({ remoteAddress: '192.0.2.7' });
  });

  it('the header may come byte by byte', async () => {
    const socket = await fromBalancer();
    for (const byte of HEADER) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    const peer = await handshake(socket);
    expect(await peer.send(framed('x')).receiveMessage()).toBe('x');
  });

  it('the balancer may speak for itself', async () => {
    const socket = await fromBalancer();
    socket.write(LOCAL);
    const peer = await handshake(socket);
    await peer.send(framed('x')).receiveMessage();
    expect(handler.peers[0]).toMatchObject({ remoteAddress: BALANCER });
  });

  it.each([
    ['no header but TLS', Buffer.from('16030100c8010000c40303', 'hex'), 'proxy_header'],
    ['a damaged header', Buffer.from(HEADER).fill(0xff, 12, 13), 'proxy_header'],
    ['half a header', HEADER.subarray(0, 20), 'timeout'],
    ['nothing', Buffer.alloc(0), 'timeout'],
    ['a header and then nothing', HEADER, 'timeout'],
  ])('%s ends the connection', async (_name, bytes, reason) => {
    const socket = await fromBalancer();
    socket.resume().write(bytes);
    await once(socket, 'close');
    expect(await observer.next('failed')).toMatchObject({ reason });
  });

  it('limits count the client, not the balancer', async () => {
    const opened = [await fromBalancer(), await fromBalancer(), await fromBalancer(), await fromBalancer()];
    for (const [index, socket] of opened.entries()) {
      const header = Buffer.from(HEADER);
      header.writeUInt8(index, 19);
      socket.write(header);
    }
    const last = await fromBalancer();
    const header = Buffer.from(HEADER);
    header.writeUInt8(99, 19);
    last.write(header);
    const peer = await handshake(last);
    expect(await peer.send(framed('x')).receiveMessage()).toBe('x');
    expect(observer.all('limit')).toEqual([]);

    const crowd = [await fromBalancer(), await fromBalancer(), await fromBalancer()];
    for (const socket of crowd) socket.resume().write(HEADER);
    expect(await observer.next('limit')).toMatchObject({ limit: 'half_open_per_address' });
  });

  it('others need no header, and are not believed when they send one', async () => {
    const direct = await RawPeer.tls(port, client);
    sockets.push(direct);
    expect(await direct.send(framed('x')).receiveMessage()).toBe('x');
    const forger = await RawPeer.tcp(port);
    sockets.push(forger);
    await forger.send(HEADER).closed();
    expect(await observer.next('failed')).toMatchObject({ reason: 'not_tls', address: '127.0.0.1' });
  });
});
