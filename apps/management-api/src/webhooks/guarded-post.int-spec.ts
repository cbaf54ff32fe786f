import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';

import { AddressRefused, guardedPost, type GuardedPostOptions, type PostAnswer } from './guarded-post';

const NAME = 'hooks.example.com';

interface Received {
  readonly host: string | undefined;
  readonly body: string;
}

describe('guardedPost', () => {
  let server: Server;
  let ca: string;
  let keys: { cert: string; key: string };
  let answer: { status: number; headers?: Record<string, string>; body?: string };
  const received: Received[] = [];

  beforeAll(async () => {
    const authority = await issueCertificateAuthority({ commonName: 'test CA', validDays: 2 });
    const names = { commonName: NAME, dnsNames: [NAME], ipAddresses: [], validDays: 1 };
    const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, names);
    ca = authority.certificatePem;
    keys = { cert: certificatePem, key: privateKeyPem.exposeText() };
    server = createServer(keys, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        received.push({ host: request.headers.host, body });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    received.length = 0;
    answer = { status: 204 };
  });

  const at = (...addresses: string[]) =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  const portOf = (listening: { address(): unknown }): number => (listening.address() as AddressInfo).port;
  const post = (options: GuardedPostOptions = {}, name = NAME, port = portOf(server)): Promise<PostAnswer> =>
    guardedPost(
      {
        url: new URL(`https://${name}:${port}/hook`),
        headers: { 'content-type': 'application/cloudevents+json' },
        body: Buffer.from('{"a":1}'),
        signal: AbortSignal.timeout(5_000),
      },
      { ca, resolve: () => at('127.0.0.1'), isAllowed: () => true, ...options },
    );

  it('posts to the address that was judged, under the name that was given', async () => {
    expect(await post()).toEqual({ status: 204 });
    expect(received).toEqual([{ host: expect.stringContaining(NAME) as string, body: '{"a":1}' }]);
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['a private network', ['10.0.0.1']],
    ['link-local, where clouds keep credentials', ['169.254.169.254']],
    ['IPv4 in IPv6', ['::ffff:127.0.0.1']],
    ['one that is public and one that is not', ['9.9.9.9', '127.0.0.1']],
  ])('asks nobody when the name leads to %s', async (_what, addresses) => {
    const refused = guardedPost(
      { url: new URL(`https://${NAME}/`), headers: {}, body: Buffer.alloc(0), signal: AbortSignal.timeout(5_000) },
      { ca, resolve: () => at(...addresses) },
    );
    await expect(refused).rejects.toBeInstanceOf(AddressRefused);
    expect(received).toEqual([]);
  });

  it('asks for the name once: what it leads to afterwards changes nothing', async () => {
    const judged: string[] = [];
    let asked = 0;
    const resolve = () => ((asked += 1) === 1 ? at('127.0.0.1') : at('169.254.169.254'));
    const isAllowed = (address: string): boolean => judged.push(address) > 0;
    expect(await post({ resolve, isAllowed })).toEqual({ status: 204 });
    expect([asked, judged]).toEqual([1, ['127.0.0.1']]);
  });

  it('follows no redirect', async () => {
    answer = { status: 307, headers: { location: 'https://169.254.169.254/latest/meta-data' } };
    expect(await post()).toEqual({ status: 307 });
    expect(received).toHaveLength(1);
  });

  it('gives back nothing of the answer but its status and when to come again', async () => {
    answer = { status: 503, headers: { 'retry-after': '7' }, body: 'x'.repeat(1_000_000) };
    expect(await post()).toEqual({ status: 503, retryAfter: '7' });
  });

  it.each([
    ['goes on with another protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['hangs up', ''],
    ['speaks no HTTP', 'SSH-2.0-x\r\n'],
  ])('comes to an end with a receiver that %s', async (_what, said) => {
    const other = createTlsServer(keys, (socket: TLSSocket) => {
      socket.on('error', () => undefined).once('data', () => socket.end(said));
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      await expect(post({}, NAME, portOf(other))).rejects.toThrow();
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('speaks to nobody whose certificate is of another name', async () => {
    await expect(post({}, 'other.example.com')).rejects.toThrow(/altnames|Hostname/i);
    expect(received).toEqual([]);
  });
});
