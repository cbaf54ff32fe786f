import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

import {
  type CertificateAuthority,
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import { EchoHandler, framed, RawPeer, RecordingObserver } from '@lib/testing';

import { KmipListener, type KmipListenerOptions, TransportError } from './index';

let ca: CertificateAuthority;
let server: IssuedCertificate;
let client: IssuedCertificate;
let other: IssuedCertificate;

beforeAll(async () => {
  ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 2 });
  const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 1 };
  server = await issueServerCertificate(ca, names);
  client = await issueClientCertificate('self-signed', { commonName: 'kmipClient', validDays: 1 });
  other = await issueClientCertificate(ca, { commonName: 'other', validDays: 1, keyKind: 'ec-p256' });
});

const fingerprint = (pem: string): string => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

let handler: EchoHandler;
let observer: RecordingObserver;
let listener: KmipListener;
let port: number;
let peers: RawPeer[];

async function start(options: Partial<KmipListenerOptions> = {}): Promise<void> {
  listener = new KmipListener({ host: '127.0.0.1', port: 0, certificate: server, handler, observer, ...options });
  ({ port } = await listener.listen());
}

const connect = async (identity: IssuedCertificate | undefined = client, options = {}): Promise<RawPeer> => {
  const peer = await RawPeer.tls(port, identity, options);
  peers.push(peer);
  return peer;
};
const connectTcp = async (): Promise<RawPeer> => {
  const peer = await RawPeer.tcp(port);
  peers.push(peer);
  return peer;
};

beforeEach(() => {
  handler = new EchoHandler();
  observer = new RecordingObserver();
  peers = [];
});

afterEach(async () => {
  for (const peer of peers) peer.destroy();
  await listener.close({ graceMs: 0 });
});

describe('a good client', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is described once and answered over %s', async (version) => {
    await start();
    const peer = await connect(client, { minVersion: version, maxVersion: version });

    expect(await peer.send(framed('hello')).receiveMessage()).toBe('hello');

    const [description] = handler.peers;
    expect(description).toMatchObject({
      remoteAddress: '127.0.0.1',
      remotePort: peer.socket.localPort,
      fingerprint: fingerprint(client.certificatePem),
      tlsVersion: version,
      legacyCipher: false,
      certificate: { subject: 'CN=kmipClient', issuer: 'CN=kmipClient' },
    });
    expect(description?.certificate?.der).toEqual(new X509Certificate(client.certificatePem).raw);
    expect(description?.certificate?.validTo.getTime()).toBeGreaterThan(Date.now());
  });

  it('gets the answers to pipelined requests one by one and in order', async () => {
    await start();
    const peer = await connect();
    peer.send(Buffer.concat(['one', 'two', 'three'].map((body) => framed(body))));
    expect([await peer.receiveMessage(), await peer.receiveMessage(), await peer.receiveMessage()]).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it('has no second request looked at while the first is being answered', async () => {
    handler.holding = true;
    await start();
    const peer = await connect();
    peer.send(framed('one')).send(framed('two'));
    const first = await handler.held();
    // A whole round on another connection: ample time for a second request to slip in.
    const bystander = await connect(other);
    bystander.send(framed('bystander'));
    (await handler.held(2)).release();
    await bystander.receiveMessage();
    expect(handler.bodies).toEqual(['one', 'bystander']);

    first.release();
    expect(await peer.receiveMessage()).toBe('one');
    (await handler.held(3)).release();
    expect(await peer.receiveMessage()).toBe('two');
  });

  it.each([1, 3, 8, 9])('may cut its request after %i bytes', async (at) => {
    await start();
    const peer = await connect();
    const bytes = framed('cut anywhere');
    peer.socket.setNoDelay(true);
    peer.send(bytes.subarray(0, at));
    await new Promise(setImmediate);
    expect(await peer.send(bytes.subarray(at)).receiveMessage()).toBe('cut anywhere');
  });

  it('may close its sending side and still gets its answer', async () => {
    handler.holding = true;
    await start();
    const peer = await connect(client, { allowHalfOpen: true });
    peer.send(framed('last')).socket.end();
    (await handler.held()).release();
    expect(await peer.receiveMessage()).toBe('last');
    await peer.closed();
    expect(await observer.next('closed')).toMatchObject({ reason: 'peer', requests: 1 });
  });

  it('may only shake hands, which is no failure', async () => {
    await start();
    for (let count = 0; count < 5; count += 1) (await connect()).socket.end();
    await observer.next('closed', 5);
    expect(observer.all('closed').map(({ reason }) => reason)).toEqual(Array(5).fill('peer'));
    expect(observer.all('failed')).toEqual([]);
    expect(listener.connectionCount).toBe(0);
  });

  it('finds its bytes wiped on our side once they are used', async () => {
    await start();
    const peer = await connect();
    await peer.send(framed('key material')).receiveMessage();
    await peer.send(framed('next')).receiveMessage();
    expect(handler.messages[0]).toEqual(Buffer.alloc(20));
    expect(handler.responses[0]).toEqual(Buffer.alloc(20));
  });

  it('is closed after the answer when the handler says so', async () => {
    await start();
    const peer = await connect();
    expect(await peer.send(framed('close please')).receiveMessage()).toBe('close please');
    await peer.closed();
    expect(peer.ended).toBe(true);
    expect(await observer.next('closed')).toMatchObject({ reason: 'handler' });
  });
});

describe('identity', () => {
  it('lets certificates through that are expired, unknown or missing, for the handler to judge', async () => {
    await start();
    const expired = await issueClientCertificate('self-signed', {
      commonName: 'old',
      validDays: 1,
      notBefore: new Date('2020-01-01'),
    });
    for (const identity of [expired, other]) {
      expect(await (await connect(identity)).send(framed('who am I')).receiveMessage()).toBe('who am I');
    }
    const nobody = await RawPeer.tls(port);
    peers.push(nobody);
    expect(await nobody.send(framed('who am I')).receiveMessage()).toBe('who am I');

    const [first, second, third] = handler.peers;
    expect(first?.certificate?.validTo).toEqual(new Date('2020-01-02'));
    expect(second?.fingerprint).toBe(fingerprint(other.certificatePem));
    expect(third).not.toHaveProperty('fingerprint');
    expect(third).not.toHaveProperty('certificate');
  });

  it('is read from the certificate once, and known again by its fingerprint', async () => {
    await start();
    for (const identity of [client, other, client]) {
      expect(await (await connect(identity)).send(framed('who am I')).receiveMessage()).toBe('who am I');
    }
    const [first, second, again] = handler.peers;
    expect(again?.connectionId).not.toBe(first?.connectionId);
    expect(again?.certificate).toBe(first?.certificate);
    expect(second?.certificate?.der).toEqual(new X509Certificate(other.certificatePem).raw);
  });

  it('is the leaf alone, whatever chain comes with it', async () => {
    await start();
    const chain = { certificatePem: `${other.certificatePem}${ca.certificatePem}`, privateKeyPem: other.privateKeyPem };
    await (await connect(chain)).send(framed('x')).receiveMessage();
    expect(handler.peers[0]?.fingerprint).toBe(fingerprint(other.certificatePem));
  });

  it('is asked for without naming anybody', async () => {
    await start();
    const tcp = connectSocket({ port, host: '127.0.0.1' });
    let flight = Buffer.alloc(0);
    tcp.on('data', (chunk) => (flight = Buffer.concat([flight, chunk])));
    const stream = tapped(tcp);
    await connect(client, { socket: stream, maxVersion: 'TLSv1.2' });

    const request = certificateRequestOf(flight);

    const signatureAlgorithmsAt = 1 + request.readUInt8(0);
    const namesAt = signatureAlgorithmsAt + 2 + request.readUInt16BE(signatureAlgorithmsAt);
    expect(request.readUInt16BE(namesAt)).toBe(0);
    expect(request).toHaveLength(namesAt + 2);
    tcp.destroy();
  });
});

describe('admission', () => {
  it('closes who is refused, in good order, and says so to the handler', async () => {
    handler.admission = (peer) =>
      peer.fingerprint === fingerprint(other.certificatePem) ? { refuse: 'suspended' } : 'known';
    await start();
    const refused = await connect(other);
    await refused.closed();
    expect(refused.ended).toBe(true);
    expect(handler.refusals).toEqual(['suspended']);
    expect(await (await connect()).send(framed('ok')).receiveMessage()).toBe('ok');
  });

  it('limits the connections of one certificate and frees places again', async () => {
    await start({ limits: { maximumConnectionsPerCertificate: 2 } });
    const [first] = [await connect(), await connect()];
    const third = await connect();
    expect(await third.send(framed('let me in')).receiveMessage()).toBe('over connections_per_certificate');
    await third.closed();
    expect(third.ended).toBe(true);
    expect(handler.refusals).toEqual(['connections_per_certificate']);
    expect(await observer.next('limit')).toMatchObject({ limit: 'connections_per_certificate' });
    await (await connect(other)).send(framed('unaffected')).receiveMessage();

    first.destroy();
    await observer.next('closed', 2);
    expect(await (await connect()).send(framed('again')).receiveMessage()).toBe('again');
  });

  it('limits the connections of all certificates of one owner, and frees places again', async () => {
    const third = await issueClientCertificate('self-signed', {
      commonName: 'third',
      validDays: 1,
      keyKind: 'ec-p256',
    });
    handler.admission = (peer) => ({
      owner: peer.fingerprint === fingerprint(third.certificatePem) ? 'another' : 'greedy',
    });
    await start({ limits: { maximumConnectionsPerOwner: 2 } });
    const [first] = [await connect(client), await connect(other)];
    expect(await (await connect(other)).send(framed('x')).receiveMessage()).toBe('over connections_per_owner');
    expect(await observer.next('limit')).toMatchObject({ limit: 'connections_per_owner' });
    expect(await (await connect(third)).send(framed('unaffected')).receiveMessage()).toBe('unaffected');

    first.destroy();
    await observer.next('closed', 2);
    expect(await (await connect(other)).send(framed('again')).receiveMessage()).toBe('again');
  });

  it('limits the connections of all owners of one account together', async () => {
    handler.admission = (peer) => ({
      owner: peer.fingerprint === fingerprint(client.certificatePem) ? 'one' : 'two',
      account: 'greedy',
    });
    await start({ limits: { maximumConnectionsPerAccount: 2 } });
    const [first] = [await connect(client), await connect(other)];
    expect(await (await connect(other)).send(framed('x')).receiveMessage()).toBe('over connections_per_account');
    first.destroy();
    await observer.next('closed', 2);
    expect(await (await connect(other)).send(framed('again')).receiveMessage()).toBe('again');
  });

  it('hears no more of those over a limit than it has places for', async () => {
    await start({ limits: { maximumConnectionsPerCertificate: 1, maximumTurnedAway: 1 } });
    await connect();
    const [waiting, surplus] = [await connect(), await connect()];
    await surplus.closed();
    expect(surplus.ended).toBe(true);
    expect(await waiting.send(framed('x')).receiveMessage()).toBe('over connections_per_certificate');
    await (await connect(other)).send(framed('unaffected')).receiveMessage();
  });

  it('takes no large request of a stranger', async () => {
    handler.admission = () => 'stranger';
    await start({ limits: { maximumStrangerMessageBytes: 100 } });
    const stranger = await connect(other);
    expect(await stranger.send(framed(Buffer.alloc(100))).receiveMessage()).toHaveLength(100);
    expect(await stranger.send(framed(Buffer.alloc(101))).receiveMessage()).toBe('too large');
    await stranger.closed();
  });

  it('lets strangers take no place of known clients, and does not wait for them long', async () => {
    handler.admission = (peer) => (peer.fingerprint === fingerprint(client.certificatePem) ? 'known' : 'stranger');
    await start({
      limits: { maximumStrangersPerAddress: 1, maximumConnectionsPerCertificate: 1, strangerIdleTimeoutMs: 150 },
    });
    const stranger = await connect(other);
    expect(await (await connect(other)).send(framed('x')).receiveMessage()).toBe('over strangers_per_address');
    expect(handler.refusals).toEqual(['strangers_per_address']);
    expect(await (await connect()).send(framed('known')).receiveMessage()).toBe('known');

    await stranger.closed();
    expect(stranger.ended).toBe(true);
    expect(await observer.next('closed', 2)).toMatchObject({ reason: 'idle', requests: 0 });
  });

  it('treats everybody as a stranger when the handler cannot tell', async () => {
    handler.admission = () => {
      throw new Error('index not loaded');
    };
    await start();
    expect(await (await connect()).send(framed('x')).receiveMessage()).toBe('x');
  });
});

describe('TLS', () => {
  it('serves the suite old vCenters negotiate, last and marked', async () => {
    await start();
    const old = await connect(client, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' });
    expect(await old.send(framed('7.0.3')).receiveMessage()).toBe('7.0.3');
    expect(handler.peers[0]).toMatchObject({ cipher: 'AES128-SHA256', legacyCipher: true });

    await (
      await connect(client, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256:ECDHE-RSA-AES128-GCM-SHA256' })
    )
      .send(framed('x'))
      .receiveMessage();
    expect(handler.peers[1]).toMatchObject({ cipher: 'ECDHE-RSA-AES128-GCM-SHA256', legacyCipher: false });
  });

  it.each([
    [
      'the old suite when it is switched off',
      { legacyCiphers: false },
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' },
      'no_shared_cipher',
    ],
    [
      'TLS 1.1',
      {},
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'unsupported_version',
    ],
    ['suites without authentication', {}, { maxVersion: 'TLSv1.2', ciphers: 'aNULL@SECLEVEL=0' }, 'no_shared_cipher'],
    ['CBC with SHA-1', {}, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' }, 'no_shared_cipher'],
  ] as const)('refuses %s', async (_name, options, clientOptions, reason) => {
    await start(options);
    await expect(RawPeer.tls(port, client, clientOptions)).rejects.toThrow();
    expect(await observer.next('failed')).toMatchObject({ reason });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes no session of %s', async (version) => {
    await start();
    const options = { minVersion: version, maxVersion: version };
    const first = await connect(client, options);
    const sessions: Buffer[] = [];
    first.socket.on('session', (session: Buffer) => sessions.push(session));
    await first.send(framed('x')).receiveMessage();
    const session = sessions[0] ?? first.tls.getSession();
    const again = await connect(client, { ...options, session });
    await again.send(framed('y')).receiveMessage();
    expect(again.tls.isSessionReused()).toBe(false);
    expect(observer.all('handshake')).toHaveLength(2);
  });

  it('does not renegotiate', async () => {
    await start();
    const peer = await connect(client, { maxVersion: 'TLSv1.2' });
    const outcome = new Promise<Error | null>((resolve) => {
      peer.tls.renegotiate({}, resolve);
      peer.socket.once('error', resolve);
    });
    expect(await outcome).toMatchObject({ code: expect.stringContaining('NO_RENEGOTIATION') as string });
    expect(observer.all('handshake')).toHaveLength(1);
  });

  it('presents a new certificate without dropping anybody', async () => {
    await start();
    const open = await connect();
    const renewed = await issueServerCertificate(ca, {
      commonName: 'renewed',
      dnsNames: [],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
    });

    listener.reloadCertificate(renewed);

    const next = await connect();
    expect(next.tls.getPeerX509Certificate()?.subject).toBe('CN=renewed');
    expect(await open.send(framed('still here')).receiveMessage()).toBe('still here');
    expect(await next.send(framed('new here')).receiveMessage()).toBe('new here');
    const shown = [server, renewed].map(({ certificatePem }) => new X509Certificate(certificatePem).fingerprint256);
    const known = observer.all('handshake').map(({ peer }) => peer.serverFingerprint);
    expect(known).toEqual(shown.map((text) => text.replaceAll(':', '').toLowerCase()));
  });

  it('keeps the old certificate when the new one does not fit', async () => {
    await start();
    const unfit = { certificatePem: server.certificatePem, privateKeyPem: other.privateKeyPem };
    expect(() => listener.reloadCertificate(unfit)).toThrow(TransportError);
    expect((await connect()).tls.getPeerX509Certificate()?.subject).toBe('CN=localhost');
  });
});

describe('close', () => {
  it('answers what is under way, says goodbye to the idle and accepts nobody', async () => {
    handler.holding = true;
    await start();
    const idle = await connect();
    const busy = await connect();
    busy.send(framed('under way'));
    const held = await handler.held();

    const closed = listener.close({ graceMs: 10_000 });
    await idle.closed();
    expect(idle.ended).toBe(true);
    await expect(RawPeer.tcp(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    held.release();

    expect(await busy.receiveMessage()).toBe('under way');
    await closed;
    await busy.closed();
    expect(busy.ended).toBe(true);
    expect(observer.all('closed').map(({ reason }) => reason)).toEqual(['draining', 'draining']);
  });

  it('cuts what does not finish in time', async () => {
    handler.holding = true;
    await start();
    const busy = await connect();
    busy.send(framed('never'));
    const held = await handler.held();
    await listener.close({ graceMs: 30 });
    await busy.closed();
    expect(held.signal.aborted).toBe(true);
    held.release();
  });

  it('does not wait for the half open, and may be called twice', async () => {
    await start();
    const silent = await connectTcp();
    await new Promise(setImmediate);
    await Promise.all([listener.close({ graceMs: 10_000 }), listener.close({ graceMs: 10_000 })]);
    await silent.closed();
  });

  it('tells the handler when the connection was lost', async () => {
    handler.holding = true;
    await start();
    const peer = await connect();
    peer.send(framed('x'));
    const held = await handler.held();
    const aborted = once(held.signal, 'abort');
    peer.reset();
    await aborted;
    held.release();
    expect(await observer.next('closed')).toMatchObject({ reason: 'peer' });
  });
});

it('closeWhere cuts the connections of a removed certificate only', async () => {
  await start();
  const removed = await connect();
  const kept = await connect(other);
  await observer.next('handshake', 2);
  expect(listener.closeWhere((peer) => peer.fingerprint === fingerprint(client.certificatePem))).toBe(1);
  await removed.closed();
  expect(await observer.next('closed')).toMatchObject({ reason: 'revoked' });
  expect(await kept.send(framed('x')).receiveMessage()).toBe('x');
});

it('says when its port is taken', async () => {
  await start();
  const second = new KmipListener({ host: '127.0.0.1', port, certificate: server, handler });
  await expect(second.listen()).rejects.toMatchObject({ code: 'kmip_port_unavailable' });
  await second.close({ graceMs: 0 });
});

it('survives handlers and observers that break', async () => {
  await start({
    observer: {
      handshakeCompleted: () => {
        throw new Error('observer broke');
      },
    },
  });
  const peer = await connect();
  await peer.send(framed('throw')).closed();
  expect(await (await connect()).send(framed('fine')).receiveMessage()).toBe('fine');
});

/** A stream over `tcp` for a TLS client, which leaves `tcp` readable for others. */
function tapped(tcp: Socket): Duplex {
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => void tcp.write(chunk, done),
  });
  tcp.on('data', (chunk) => stream.push(chunk));
  return stream;
}

/** Body of the CertificateRequest (RFC 5246 §7.4.4) in a server's first, still unencrypted flight. */
function certificateRequestOf(flight: Buffer): Buffer {
  const HANDSHAKE_RECORD = 22;
  const CERTIFICATE_REQUEST = 13;
  const fragments: Buffer[] = [];
  for (
    let at = 0;
    at + 5 <= flight.length && flight.readUInt8(at) === HANDSHAKE_RECORD;
    at += 5 + flight.readUInt16BE(at + 3)
  ) {
    fragments.push(flight.subarray(at + 5, at + 5 + flight.readUInt16BE(at + 3)));
  }
  const messages = Buffer.concat(fragments);
  for (let at = 0; at + 4 <= messages.length; at += 4 + messages.readUIntBE(at + 1, 3)) {
    const end = at + 4 + messages.readUIntBE(at + 1, 3);
    if (messages.readUInt8(at) === CERTIFICATE_REQUEST) return messages.subarray(at + 4, end);
  }
  throw new Error('the server asked for no certificate');
}
