import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';
import { answerOf, tenantApi } from '@lib/tenant-api-client';

import { toldOf } from '../command-line/faults';
import { type Profile } from '../profiles/profile';
import { trustingFetch } from './trusting-fetch';

describe('who the token is sent to', () => {
  let server: Server;
  let folder: string;
  let profile: Profile;
  let pin: string;
  let received: { readonly line: string; readonly token: string | undefined; readonly body: string }[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-tls-'));
    const ca = await issueCertificateAuthority({ commonName: 'CA of a lab', validDays: 2 });
    const pair = await issueServerCertificate(ca, {
      commonName: 'localhost',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
    });
    await writeFile(join(folder, 'ca.pem'), ca.certificatePem);
    pin = new X509Certificate(pair.certificatePem).fingerprint256;
    server = createServer({ cert: pair.certificatePem, key: pair.privateKeyPem.expose() }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        received.push({
          line: `${request.method ?? ''} ${request.url ?? ''}`,
          token: request.headers.authorization,
          body,
        });
        response.setHeader('content-type', 'application/json').end('{"name":"served"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    profile = { name: 'lab', url, token: { kind: 'given', variable: 'TOKEN' } };
  });
  beforeEach(() => (received = []));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const asked = async (more: Partial<Profile>): Promise<unknown> => {
    const fetch = await trustingFetch({ ...profile, ...more });
    const api = tenantApi({ url: profile.url, token: () => Promise.resolve('a-token'), fetch });
    const params = { path: { id: 'x' }, header: { 'If-Match': '"1"' } };
    return answerOf(api.PATCH('/v1/instances/{id}', { params, body: { credential_policy: 'ignore' } }));
  };

  it.each([
    ['an authority of its own', () => ({ caFile: join(folder, 'ca.pem') })],
    ['a pin', () => ({ pinnedSha256: pin })],
    ['a pin without colons', () => ({ pinnedSha256: pin.replaceAll(':', '').toLowerCase() })],
    ['both', () => ({ caFile: join(folder, 'ca.pem'), pinnedSha256: pin })],
  ])('is the service, by %s', async (_by, more) => {
    expect(await asked(more())).toEqual({ name: 'served' });
    expect(received).toEqual([
      { line: 'PATCH /v1/instances/x', token: 'Bearer a-token', body: '{"credential_policy":"ignore"}' },
    ]);
  });

  it.each([
    ['a public authority', () => ({}), 'not known here'],
    ['another pin', () => ({ pinnedSha256: 'ab'.repeat(32) }), 'another certificate than the pinned one'],
  ])('is nobody without %s that fits', async (_by, more, words) => {
    const error: unknown = await asked(more()).catch((thrown: unknown) => thrown);
    expect(toldOf(error)).toMatchObject({ exit: 3, message: expect.stringContaining(words) as string });
    expect(received).toEqual([]);
  });
});
