import {
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import { EchoHandler, framed, RawPeer, RecordingObserver } from '@lib/testing';

import { type HandshakeFailure, KmipListener, type KmipListenerOptions, type TransportLimits } from './index';

/** Short enough for a test, long enough for a good client on a busy machine. */
const QUICK: Partial<TransportLimits> = {
  handshakeTimeoutMs: 800,
  messageTimeoutMs: 400,
  writeTimeoutMs: 400,
  lingerMs: 300,
};

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
  client = await issueClientCertificate('self-signed', { commonName: 'kmipClient', validDays: 1, keyKind: 'ec-p256' });
});

async function start(
  limits: Partial<TransportLimits> = QUICK,
  options: Partial<KmipListenerOptions> = {},
): Promise<void> {
  const certificate = server;
  listener = new KmipListener({ host: '127.0.0.1', port: 0, certificate, handler, observer, limits, ...options });
  ({ port } = await listener.listen());
}

function keep(peer: RawPeer): RawPeer {
  peers.push(peer);
  return peer;
}
const tls = async (): Promise<RawPeer> => keep(await RawPeer.tls(port, client));
const tcp = async (localAddress?: string): Promise<RawPeer> => keep(await RawPeer.tcp(port, localAddress));

/** Whatever somebody else does, a client with manners is served. */
async function expectService(): Promise<void> {
  const peer = await tls();
  expect(await peer.send(framed('good client')).receiveMessage()).toBe('good client');
}

beforeEach(() => {
  handler = new EchoHandler();
  observer = new RecordingObserver();
  peers = [];
});

afterEach(async () => {
  // The last word of every case: the listener lives.
  for (const peer of peers) peer.destroy();
  handler.holding = false;
  await expectService();
  for (const peer of peers) peer.destroy();
  await listener.close({ graceMs: 0 });
  expect(listener.socketCount).toBe(0);
  expect(listener.connectionCount).toBe(0);
  expect(listener.halfOpenCount).toBe(0);
});

describe('before the handshake', () => {
  it('a silent client is cut off, however Node sees its time-out', async () => {
    await start();
    const silent = await tcp();
    await expectService();
    await silent.closed();
    expect(await observer.next('failed')).toEqual({ kind: 'failed', reason: 'timeout', address: '127.0.0.1' });
  });

  it('half a ClientHello gains no time', async () => {
    await start();
    const slow = (await tcp()).send(Buffer.from('16030100c8010000c40303', 'hex'));
    await slow.closed();
    expect(await observer.next('failed')).toMatchObject({ reason: 'timeout' });
  });

  it.each<[string, Buffer | string, HandshakeFailure]>([
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'plain_http'],
    ['plain KMIP', framed('no TLS'), 'not_tls'],
    ['zeros', Buffer.alloc(64), 'not_tls'],
    [
      'a PROXY header nobody asked for',
      Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002077f0000010fa01640', 'hex'),
      'not_tls',
    ],
  ])('%s is refused at once', async (_name, bytes, reason) => {
    await start();
    const peer = (await tcp()).send(bytes);
    await peer.closed();
    expect(await observer.next('failed')).toMatchObject({ reason });
  });

  it('a health check that connects and leaves is told apart from attacks', async () => {
    await start();
    (await tcp()).destroy();
    expect(await observer.next('failed')).toMatchObject({ reason: 'closed_by_peer' });
  });

  it('half-open connections of one address are limited, and only of that address', async () => {
    await start({ maximumHalfOpenPerAddress: 3 });
    const silent = [await tcp('127.0.0.2'), await tcp('127.0.0.2'), await tcp('127.0.0.2')];
    const surplus = await tcp('127.0.0.2');
    await surplus.closed();
    expect(await observer.next('limit')).toMatchObject({ limit: 'half_open_per_address' });
    await expectService();
    silent[0]?.destroy();
    await observer.next('failed');
    const next = await tcp('127.0.0.2');
    expect(listener.halfOpenCount).toBeGreaterThanOrEqual(2);
    next.destroy();
  });

  it('half-open connections are limited in all: the longest silent one of the largest crowd makes room', async () => {
    await start({ maximumHalfOpen: 3, maximumHalfOpenPerAddress: 2 });
    const alone = await tcp('127.0.0.2');
    const [first, second] = [await tcp('127.0.0.3'), await tcp('127.0.0.3')];
    await expectService();
    await first.closed();
    expect(await observer.next('limit')).toMatchObject({ limit: 'half_open' });
    expect(await observer.next('failed')).toMatchObject({ reason: 'crowded_out', address: '127.0.0.3' });
    expect([alone, second].map(({ socket }) => socket.destroyed)).toEqual([false, false]);
    for (const peer of peers) peer.destroy();
    await observer.next('failed', 3);
  });

  it('a flood from more addresses than there are places keeps no client out', async () => {
    await start({ maximumHalfOpen: 10 });
    const flood = Array.from({ length: 50 }, (_, index) => tcp(`127.0.1.${index + 1}`));
    await Promise.all([...flood, expectService(), expectService()]);
    expect(listener.halfOpenCount).toBeLessThanOrEqual(10);
  });

  it('open connections are limited in all', async () => {
    await start({ maximumConnections: 2 });
    await expectService();
    await expectService();
    const third = await tls();
    expect(await third.send(framed('x')).receiveMessage()).toBe('over connections');
    expect(await observer.next('limit')).toMatchObject({ limit: 'connections' });
    for (const peer of peers) peer.destroy();
    await observer.next('closed', 3);
  });
});

describe('after the handshake', () => {
  it('an idle client is told goodbye', async () => {
    await start({ idleTimeoutMs: 100 });
    const idle = await tls();
    await idle.closed();
    expect(idle.ended).toBe(true);
    expect(await observer.next('closed')).toMatchObject({ reason: 'idle', requests: 0 });
  });

  it('a byte now and then does not extend the time for a message', async () => {
    await start({ ...QUICK, idleTimeoutMs: 60_000 });
    const slow = await tls();
    const message = framed(Buffer.alloc(10_000));
    let sent = 0;
    const drip = setInterval(() => {
      if (slow.socket.writable) slow.send(message.subarray(sent, ++sent));
    }, 10);
    await slow.closed();
    clearInterval(drip);
    expect(sent).toBeGreaterThan(3);
    expect(await observer.next('closed')).toMatchObject({ reason: 'message_timeout', requests: 0 });
  });

  it('a length bomb is refused by its header and told so', async () => {
    await start();
    const bomb = await tls();
    bomb.send(Buffer.from('42007801ffffffff', 'hex'));
    expect(await bomb.receiveMessage()).toBe('too large');
    await bomb.closed();
    expect(handler.frameErrors.map(({ fault }) => fault)).toEqual(['too-large']);
    expect(await observer.next('closed')).toMatchObject({ reason: 'framing' });
  });

  it('gets its refusal even while it goes on sending', async () => {
    await start();
    const bomb = await tls();
    bomb.send(Buffer.from('4200780100200000', 'hex')).send(Buffer.alloc(0x20_0000));
    expect(await bomb.receiveMessage()).toBe('too large');
    await bomb.closed();
  });

  it('a refusal comes after the answers to what came before', async () => {
    await start();
    const peer = await tls();
    peer.send(Buffer.concat([framed('first'), Buffer.from('42007801ffffffff', 'hex')]));
    expect([await peer.receiveMessage(), await peer.receiveMessage()]).toEqual(['first', 'too large']);
  });

  it.each([
    ['HTTP inside TLS', 'POST /kmip HTTP/1.1\r\n\r\n'],
    ['a response instead of a request', framed('x', Buffer.from('42007b01', 'hex'))],
    ['junk', Buffer.alloc(4096, 0xaa)],
  ])('%s closes the connection', async (_name, bytes) => {
    await start();
    const peer = await tls();
    await peer.send(bytes).closed();
    expect(peer.received).toHaveLength(0);
    expect(handler.frameErrors.map(({ fault }) => fault)).toEqual(['not-kmip']);
  });

  it.each([1, 7, 8, 9, 20])('a message cut off after %i bytes does no harm', async (at) => {
    await start();
    const peer = await tls();
    peer.send(framed('never complete').subarray(0, at)).socket.end();
    await peer.closed();
    expect(await observer.next('closed')).toMatchObject({ reason: 'peer', requests: 0 });
    expect(handler.bodies).toEqual([]);
  });

  it('a reset at any moment does no harm', async () => {
    await start();
    for (const [index, at] of [0, 5, 19].entries()) {
      const peer = await tls();
      await observer.next('handshake', index + 1);
      if (at > 0) peer.send(framed('to be reset').subarray(0, at));
      peer.reset();
      expect(await observer.next('closed', index + 1)).toMatchObject({ reason: 'peer' });
    }
    expect(observer.all('handler')).toEqual([]);
  });

  it('a client that never reads is cut off and has no more of its requests taken in', async () => {
    await start();
    const peer = await tls();
    peer.socket.pause();
    for (let count = 0; count < 64; count += 1) peer.send(framed('big 1000000'));
    expect(await observer.next('closed')).toMatchObject({ reason: 'write_timeout' });
    expect(handler.bodies.length).toBeLessThan(32);
    for (const response of handler.responses) expect(response.every((byte) => byte === 0)).toBe(true);
  });

  it('the memory of an answer is given back when it was sent, and when its client goes without reading it', async () => {
    await start({ ...QUICK, writeTimeoutMs: 60_000 });
    const good = (await tls()).send(framed('good'));
    await good.receiveMessage();
    const peer = await tls();
    peer.socket.pause();
    peer.send(framed('big 20000000'));
    while (!handler.bodies.includes('big 20000000')) await good.send(framed('meanwhile')).receiveMessage();
    expect(handler.released).not.toContain('big 20000000');
    peer.destroy();
    expect(await observer.next('closed')).toMatchObject({ reason: 'peer' });
    await expectService();
    expect(handler.released).toContain('big 20000000');
  });

  it('a client that does not read its last answer is cut off too', async () => {
    await start({ ...QUICK, writeTimeoutMs: 60_000, lingerMs: 100, idleTimeoutMs: 50 });
    const peer = await tls();
    peer.socket.pause();
    expect(await observer.next('closed')).toMatchObject({ reason: 'idle' });
  });

  it('a flood of tiny messages is answered in order without being taken in ahead', async () => {
    await start({});
    const peer = await tls();
    const flood = Buffer.concat(Array.from({ length: 2_000 }, (_, index) => framed(String(index))));
    peer.send(flood);
    for (let index = 0; index < 2_000; index += 1) expect(await peer.receiveMessage()).toBe(String(index));
  });

  it('large requests of many connections do not use up the memory, and small ones are served meanwhile', async () => {
    const BYTES = 1_000_000;
    await start({ ...QUICK, messageTimeoutMs: 60_000, maximumLargeRequestBytes: 2_500_000 });
    handler.holding = true;
    const greedy = [await tls(), await tls()];
    // One after the other, so that the first to be held is the first to be released below.
    for (const [index, peer] of greedy.entries()) {
      peer.send(framed(Buffer.alloc(BYTES)));
      await handler.held(index + 1);
    }
    const third = (await tls()).send(framed(Buffer.alloc(BYTES)).subarray(0, BYTES / 2 + 100_000));
    await third.closed();
    expect(await observer.next('limit')).toMatchObject({ limit: 'large_requests' });
    expect(await observer.next('closed')).toMatchObject({ reason: 'large_requests' });
    handler.holding = false;
    await expectService();

    (await handler.held(1)).release();
    await greedy[0]?.receive(BYTES + 8);
    expect(await (await tls()).send(framed(Buffer.alloc(BYTES))).receive(BYTES + 8)).toHaveLength(BYTES + 8);
    (await handler.held(2)).release();
  });

  it('a handler that breaks closes that connection only', async () => {
    await start();
    const peer = await tls();
    await peer.send(framed('throw')).closed();
    expect(await observer.next('closed')).toMatchObject({ reason: 'handler_failed' });
    expect(observer.all('handler')).toHaveLength(1);
  });
});
