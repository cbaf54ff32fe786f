import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';

import {
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import { EchoHandler, framed, RawPeer, RecordingObserver } from '@lib/testing';

import {
  CLOSE_REASONS,
  type CloseReason,
  HANDSHAKE_FAILURES,
  type HandshakeFailure,
  KmipListener,
  type KmipListenerOptions,
} from './index';

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

beforeEach(() => {
  handler = new EchoHandler();
  observer = new RecordingObserver();
  peers = [];
});

async function start(options: Partial<KmipListenerOptions> = {}): Promise<void> {
  listener = new KmipListener({ host: '127.0.0.1', port: 0, certificate: server, handler, observer, ...options });
  ({ port } = await listener.listen());
}
const keep = (peer: RawPeer): RawPeer => {
  peers.push(peer);
  return peer;
};
const tcp = async (): Promise<RawPeer> => keep(await RawPeer.tcp(port));
const tls = async (): Promise<RawPeer> => keep(await RawPeer.tls(port, client));
/** Connected on both sides: a client believes in its handshake before the server does. */
const served = async (peer: RawPeer): Promise<RawPeer> => {
  await peer.send(framed('round')).receiveMessage();
  return peer;
};
const says = async (...records: readonly (Buffer | string)[]): Promise<void> => {
  const peer = await tcp();
  for (const [at, record] of records.entries()) {
    if (at > 0) await peer.receive(1);
    peer.send(record);
  }
  await peer.closed();
};
/** What a client of these settings says first. */
async function hello(settings: object): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connectTls({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...settings });
  socket.on('error', () => undefined);
  const [accepted] = (await once(server, 'connection')) as [NodeJS.ReadableStream];
  const [bytes] = (await once(accepted, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  return bytes;
}
const tls12 = (): Promise<Buffer> => hello({ maxVersion: 'TLSv1.2' });
/** A fatal TLS alert (RFC 5246 §7.2). */
const alert = (description: string): Buffer => Buffer.from(`150303000202${description}`, 'hex');
const UNKNOWN_CA = '30';
const INTERNAL_ERROR = '50';
const GARBAGE_CERTIFICATE = Buffer.from('160303000d0b000009000006000003000000', 'hex');

/** How each ending before the end of the handshake comes about; what is not here cannot compile. */
const BEFORE: Readonly<Record<HandshakeFailure, () => Promise<void>>> = {
  closed_by_peer: async () => {
    await start();
    (await tcp()).destroy();
  },
  timeout: async () => {
    await start({ limits: { handshakeTimeoutMs: 50 } });
    await (await tcp()).closed();
  },
  plain_http: async () => {
    await start();
    await says('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  },
  not_tls: async () => {
    await start();
    await says(framed('no TLS'));
  },
  unsupported_version: async () => {
    await start();
    await says(await hello({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  },
  no_shared_cipher: async () => {
    await start();
    await says(await hello({ maxVersion: 'TLSv1.2', ciphers: 'aNULL@SECLEVEL=0' }));
  },
  server_certificate_distrusted: async () => {
    await start();
    await says(await tls12(), alert(UNKNOWN_CA));
  },
  client_certificate_unusable: async () => {
    await start();
    await says(await tls12(), GARBAGE_CERTIFICATE);
  },
  rejected_by_peer: async () => {
    await start();
    await says(await tls12(), alert(INTERNAL_ERROR));
  },
  proxy_header: async () => {
    await start({ proxyProtocolFrom: ['127.0.0.1'] });
    await says(Buffer.alloc(64));
  },
  crowded_out: async () => {
    await start({ limits: { maximumHalfOpen: 1 } });
    const silent = await tcp();
    await tcp();
    await silent.closed();
  },
  over_limit: async () => {
    await start({ limits: { maximumHalfOpenPerAddress: 1 } });
    await tcp();
    await (await tcp()).closed();
  },
  draining: async () => {
    await start();
    const early = (await tcp()).send('\x16');
    // A whole round on another connection, so that it was taken in.
    await served(await tls());
    await listener.close({ graceMs: 0 });
    await early.closed();
  },
  other: async () => {
    await start();
    await says(Buffer.from('1603010006010000020000', 'hex'));
  },
};

/** How each ending after it comes about. */
const AFTER: Readonly<Record<CloseReason, () => Promise<void>>> = {
  peer: async () => {
    await start();
    (await served(await tls())).destroy();
  },
  idle: async () => {
    await start({ limits: { idleTimeoutMs: 20 } });
    await tls();
  },
  message_timeout: async () => {
    await start({ limits: { messageTimeoutMs: 20 } });
    (await tls()).send(framed('cut').subarray(0, 9));
  },
  write_timeout: async () => {
    await start({ limits: { writeTimeoutMs: 50 } });
    const peer = await tls();
    peer.socket.pause();
    for (let count = 0; count < 64; count += 1) peer.send(framed('big 1000000'));
  },
  framing: async () => {
    await start();
    (await tls()).send('GET / HTTP/1.1');
  },
  handler: async () => {
    await start();
    (await tls()).send(framed('close'));
  },
  handler_failed: async () => {
    await start();
    (await tls()).send(framed('throw'));
  },
  refused: async () => {
    handler.admission = () => ({ refuse: 'not wanted' });
    await start();
    await tls();
  },
  large_requests: async () => {
    await start({ limits: { maximumLargeRequestBytes: 0 } });
    (await tls()).send(framed(Buffer.alloc(100_000)).subarray(0, 90_000));
  },
  revoked: async () => {
    await start();
    await tls();
    await observer.next('handshake');
    listener.closeWhere(() => true);
  },
  draining: async () => {
    await start();
    await tls();
    await observer.next('handshake');
    await listener.close({ graceMs: 0 });
  },
  tls_error: async () => {
    await start();
    const line = connectTcp({ port, host: '127.0.0.1' }).on('error', () => undefined);
    const relay = createServer((near) =>
      near
        .on('error', () => undefined)
        .pipe(line)
        .pipe(near),
    ).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    await served(keep(await RawPeer.tls((relay.address() as AddressInfo).port, client)));
    relay.close();
    line.write(Buffer.from('17030300050000000000', 'hex'));
  },
};

/** Every accepted connection is counted once by how its handshake ended, every open one once by how it was closed. */
async function accounted(): Promise<void> {
  for (const peer of peers) peer.destroy();
  const begun = (): number => observer.all('handshake').length + observer.all('failed').length;
  await observer.until(() => begun() >= peers.length);
  await listener.close({ graceMs: 0 });
  expect(begun()).toBe(peers.length);
  expect(observer.all('closed')).toHaveLength(observer.all('handshake').length);
}

describe('every ending has a reason that is counted', () => {
  it.each(HANDSHAKE_FAILURES)('before the end of the handshake: %s', async (reason) => {
    await BEFORE[reason]();
    expect(await observer.next('failed')).toMatchObject({ reason });
    await accounted();
  });

  it.each(CLOSE_REASONS)('after it: %s', async (reason) => {
    await AFTER[reason]();
    expect(await observer.next('closed')).toMatchObject({ reason });
    await accounted();
  });
});

describe('who is over a limit past the handshake is told so in KMIP', () => {
  it('even where there is no room left to hear the question', async () => {
    await start({ limits: { maximumConnectionsPerCertificate: 1, maximumTurnedAway: 0 } });
    await tls();
    const surplus = await tls();
    expect(await surplus.send(framed('anything')).receiveMessage()).toBe('over connections_per_certificate');
    await surplus.closed();
    expect(surplus.ended).toBe(true);
    await accounted();
  });

  it('when its request is too large for the memory that is left, behind the answer that is under way', async () => {
    handler.holding = true;
    await start({ limits: { maximumLargeRequestBytes: 0 } });
    const peer = await tls();
    peer.send(framed('first'));
    const first = await handler.held();
    peer.send(framed(Buffer.alloc(100_000)).subarray(0, 90_000));
    first.release();
    expect(await peer.receiveMessage()).toBe('first');
    expect(await peer.receiveMessage()).toBe('over large_requests');
    await peer.closed();
    await accounted();
  });
});
