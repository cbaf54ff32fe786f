import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';

import { PinnedTransport, presentedCertificate } from './pinned-transport';

const signal = new AbortController().signal;
const asked = { method: 'GET', path: '/', headers: {}, signal } as const;

async function listen(requests: string[]): Promise<{ server: Server; url: URL }> {
  const ca = await issueCertificateAuthority({ commonName: 'vCenter CA', validDays: 1 });
  const names = { commonName: 'vcenter.example.com', dnsNames: ['vcenter.example.com'], ipAddresses: [] };
  const own = await issueServerCertificate(ca, { ...names, validDays: 1 });
  const server = createServer(
    { key: own.privateKeyPem.exposeText(), cert: own.certificatePem },
    (request, response) => {
      requests.push(request.url ?? '');
      if (request.url === '/slow') return;
      response.setHeader('content-type', 'application/json').end('"hello"');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

describe('a pinned vCenter', () => {
  const requests: string[] = [];
  let server: Server;
  let url: URL;
  const transports: PinnedTransport[] = [];
  const transport = (pin: string): PinnedTransport => {
    const made = new PinnedTransport(url, pin);
    transports.push(made);
    return made;
  };

  beforeAll(async () => ({ server, url } = await listen(requests)));
  beforeEach(() => (requests.length = 0));
  afterAll(async () => {
    for (const made of transports) await made.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('shows its certificate without a request', async () => {
    const shown = await presentedCertificate(url);
    expect(shown.sha256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(shown.sha1).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
    expect(requests).toEqual([]);
  });

  it('is talked to, whoever signed its certificate and for whatever name', async () => {
    const { sha256 } = await presentedCertificate(url);
    const answer = await transport(sha256.toLowerCase().replaceAll(':', '')).exchange(asked);
    expect(answer).toMatchObject({ status: 200, body: '"hello"' });
  });

  it('that presents another one gets no byte of a request, and both are shown', async () => {
    const { sha256 } = await presentedCertificate(url);
    const other = sha256.startsWith('00') ? sha256.replace('00', '11') : sha256.replace(/^../, '00');
    const refused = transport(other).exchange(asked);
    await expect(refused).rejects.toMatchObject({ code: 'certificate_changed' });
    await expect(refused).rejects.toThrow(new RegExp(`${other}.*${sha256}`));
    expect(requests).toEqual([]);
  });

  it('that does not answer is given up', async () => {
    const { sha256 } = await presentedCertificate(url);
    const cut = transport(sha256).exchange({ ...asked, path: '/slow', signal: AbortSignal.timeout(50) });
    await expect(cut).rejects.toMatchObject({ code: 'deadline' });
  });

  it('that is not there is unreachable', async () => {
    const nobody = new URL('https://127.0.0.1:1');
    await expect(presentedCertificate(nobody)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
