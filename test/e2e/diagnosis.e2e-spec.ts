import { encodeRequestMessage, ResultReason } from '@lib/kmip-protocol';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';
import { RawPeer } from '@lib/testing';

import { answer } from './support/hostile';
import { createKey, vcenter } from './support/keys';
import { RunningService, until } from './support/running-service';
import { allowCertificate } from './support/second-tenant';

jest.setTimeout(180_000);

interface Attempt {
  readonly verdict: string;
  readonly address: string;
  readonly endpoint: string;
  readonly occurrences: number;
  readonly certificate?: { readonly subject: string };
}

interface Claim {
  readonly refusals: readonly { readonly verdict: string; readonly occurrences: number }[];
}

interface Certificate {
  readonly name: string;
  readonly last_seen?: { readonly at: string; readonly address: string; readonly endpoint: string };
}

interface AuditEvent {
  readonly reason?: string;
  readonly outcome: string;
  readonly observer: string;
  readonly initiator: { readonly id: string; readonly address?: string };
  readonly target?: { readonly name?: string };
}

const WITHIN_MS = 5_000;

describe('what a tenant learns about its clients', () => {
  let service: RunningService;
  let token: string;

  beforeAll(async () => {
    service = await RunningService.start();
    token = await service.token('manager');
  });

  afterAll(async () => {
    await service.remove();
  });

  async function api<T>(path: string, body?: object): Promise<readonly T[]> {
    const { management, instance } = service.connection;
    const response = await fetch(`${management.url}/v1/instances/${instance.id}/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return (JSON.parse(text) as Record<string, T[]>)[path.split('?')[0] ?? ''] ?? [];
  }

  /** A request with this certificate. @returns the reason of its refusal */
  async function knock(identity: IssuedCertificate, endpoint: number): Promise<number | undefined> {
    const peer = await RawPeer.tls(service.connection.kmip.ports[endpoint] ?? 0, identity);
    const { batchItems } = await answer(peer.send(encodeRequestMessage(vcenter.probe())));
    peer.destroy();
    return batchItems[0]?.resultReason;
  }

  const refusals = () => api<AuditEvent>('audit_events?action=vmware-solutions.kmip-server.refuse');

  it('when, from where and through which endpoint a certificate was last used', async () => {
    for (const endpoint of [0, 1]) {
      const startedAt = Date.now();
      const client = await service.kmip(endpoint);
      await createKey(client);
      await client.close();
      await until('it was seen', WITHIN_MS, async () => {
        const [certificate] = await api<Certificate>('client_certificates');
        const seen = certificate?.last_seen;
        return seen?.endpoint === `kmip-${endpoint + 1}` && Date.parse(seen.at) >= startedAt - 1_000;
      });
    }
  });

  it('how many strangers came from addresses it claims, and who they are once it has their certificate', async () => {
    await api('certificate_claims', { kind: 'address_range', value: '127.0.0.0/16' });
    const stranger = await issueClientCertificate('self-signed', { commonName: 'renewed-vcenter', validDays: 1 });
    for (let times = 0; times < 3; times += 1) {
      expect(await knock(stranger, 0)).toBe(ResultReason.AuthenticationNotSuccessful);
    }
    await until('the attempts are counted', WITHIN_MS, async () => {
      const [claim] = await api<Claim>('certificate_claims');
      const counted = claim?.refusals.find(({ verdict }) => verdict === 'certificate_unknown');
      return counted?.occurrences === 3;
    });
    expect(await api<Attempt>('connection_attempts?verdict=certificate_unknown')).toEqual([]);

    await api('certificate_claims', { kind: 'fingerprint', value: stranger.certificatePem });
    const [attempt] = await api<Attempt>('connection_attempts?verdict=certificate_unknown');
    expect(attempt).toMatchObject({ certificate: { subject: 'CN=renewed-vcenter' }, occurrences: 3 });
  });

  it('that an allowed certificate was refused, in its audit trail', async () => {
    const { instance } = service.connection;
    const notBefore = new Date(Date.now() - 60_000);
    // For a quarter of a minute from now: until it is allowed by a command, on a busy machine.
    const request = { commonName: 'short', validDays: 75 / 86_400, notBefore };
    const short = await issueClientCertificate('self-signed', request);
    await allowCertificate(service, instance.id, 'short-lived', short.certificatePem);
    await until('it has expired', 15_000 + WITHIN_MS, async () => {
      return (await knock(short, 0)) === ResultReason.AuthenticationNotSuccessful && (await refusals()).length > 0;
    });
    expect((await refusals())[0]).toMatchObject({
      reason: 'certificate_expired',
      outcome: 'failure',
      observer: 'kmip-1',
      initiator: { address: '127.0.0.1' },
      target: { name: 'short-lived' },
    });

    await service.admin('instance', 'disable', '--instance', instance.id);
    await until('the instance is not served', WITHIN_MS, async () => {
      await knock(short, 1);
      const client = await service.kmip(1);
      const refused = await createKey(client).then(
        () => false,
        () => true,
      );
      await client.close();
      return refused;
    });
    const [latest] = await refusals();
    expect(latest).toMatchObject({ reason: 'instance_disabled', observer: 'kmip-2' });
    await service.admin('instance', 'enable', '--instance', instance.id);
  });
});
