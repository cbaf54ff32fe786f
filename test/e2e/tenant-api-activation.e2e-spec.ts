import { type KmipClient } from '@lib/kmip-client';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';

import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { TenantApi } from './support/tenant-api';

jest.setTimeout(180_000);

/** What the tenant is promised, from the answer on. */
const IN_FORCE_WITHIN_MS = 1_000;
const ENDPOINTS = [0, 1] as const;

interface Added {
  readonly id: string;
  readonly activation: { complete: boolean; endpoints: string[]; pending: string[] };
}

describe('a change of the allowed certificates', () => {
  let service: RunningService;
  let api: TenantApi;
  let vcenter: IssuedCertificate;
  let added: Added;

  beforeAll(async () => {
    service = await RunningService.start();
    api = new TenantApi(service, await service.token('manager'));
    vcenter = await issueClientCertificate('self-signed', { commonName: 'kmipClient', validDays: 30 });
  });

  afterAll(async () => {
    await service.remove();
  });

  const connect = (endpoint: number): Promise<KmipClient> =>
    service.kmipAs(vcenter.certificatePem, vcenter.privateKeyPem.exposeText(), endpoint);

  const served = async (client: KmipClient): Promise<boolean> =>
    await createKey(client).then(
      () => true,
      () => false,
    );

  it('is in force on both endpoints when it is answered, and the answer says so', async () => {
    const startedAt = performance.now();
    added = await api.ok<Added>('POST', '/client_certificates', { name: 'vc', certificate: vcenter.certificatePem });
    expect(performance.now() - startedAt).toBeLessThan(IN_FORCE_WITHIN_MS);
    expect(added.activation).toEqual({ complete: true, endpoints: ['kmip-1', 'kmip-2'], pending: [] });
    for (const endpoint of ENDPOINTS) {
      const client = await connect(endpoint);
      expect(await served(client)).toBe(true);
      await client.close();
    }
  });

  it('ends what is open on both endpoints, and lets nobody in any more', async () => {
    const open = await Promise.all(ENDPOINTS.map((endpoint) => connect(endpoint)));
    expect(await Promise.all(open.map(served))).toEqual([true, true]);
    const startedAt = performance.now();
    await api.ok('DELETE', `/client_certificates/${added.id}?confirm=vc`);
    const answeredAt = performance.now();
    expect(answeredAt - startedAt).toBeLessThan(IN_FORCE_WITHIN_MS);
    expect(await Promise.all(open.map(served))).toEqual([false, false]);
    for (const endpoint of ENDPOINTS) {
      const client = await connect(endpoint);
      expect(await served(client)).toBe(false);
      await client.close();
    }
    expect(performance.now() - answeredAt).toBeLessThan(IN_FORCE_WITHIN_MS);
    await Promise.all(open.map((client) => client.close()));
  });

  it('is answered 202 while an endpoint is stuck, which refuses as soon as it goes on', async () => {
    const body = { name: 'vc-stuck', certificate: vcenter.certificatePem };
    const { id } = await api.ok<Added>('POST', '/client_certificates', body);
    const open = await connect(1);
    expect(await served(open)).toBe(true);
    const stuck = service.connection.processes['kmip-gateway-2'] ?? 0;
    process.kill(stuck, 'SIGSTOP');
    try {
      const { status, body: answer } = await api.call('DELETE', `/client_certificates/${id}?confirm=vc-stuck`);
      expect(status).toBe(202);
      expect(answer).toEqual({ activation: { complete: false, endpoints: ['kmip-1'], pending: ['kmip-2'] } });
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    expect(await served(open)).toBe(false);
    await open.close();
  });

  it('is answered while an endpoint is stuck, which is named', async () => {
    const stuck = service.connection.processes['kmip-gateway-2'] ?? 0;
    process.kill(stuck, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      const body = { name: 'vc-again', certificate: vcenter.certificatePem };
      const { activation } = await api.ok<Added>('POST', '/client_certificates', body);
      expect(performance.now() - startedAt).toBeLessThan(2 * IN_FORCE_WITHIN_MS);
      expect(activation).toEqual({ complete: false, endpoints: ['kmip-1'], pending: ['kmip-2'] });
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    await until('the other endpoint follows', 5_000, async () => {
      const { client_certificates: listed } = await api.ok<{ client_certificates: Added[] }>(
        'GET',
        '/client_certificates?name=vc-again',
      );
      return listed[0]?.activation.complete === true;
    });
    const client = await connect(1);
    expect(await fetchKey(client, await createKey(client))).toHaveProperty('hex');
    await client.close();
  });
});
