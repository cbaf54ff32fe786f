import { ResultReason, ResultStatus } from '@lib/kmip-protocol';
import { type KmipClient } from '@lib/kmip-client';
import { type Client } from 'pg';

import { openDatabase } from './support/database';
import { createKey, fetchKey, first, vcenter } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addTenant, bindRootKey } from './support/second-tenant';
import { newApiKey } from './support/tenant-api';

jest.setTimeout(180_000);

describe('revocation', () => {
  let service: RunningService;
  let clients: readonly [KmipClient, KmipClient];
  let id: string;

  beforeAll(async () => {
    service = await RunningService.start();
    clients = [await service.kmip(0), await service.kmip(1)];
    id = await createKey(clients[0]);
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await service.remove();
  });

  const rootKeyAction = async (action: string): Promise<number> =>
    (await service.keyProtect('POST', `/keys/${service.connection.rootKey.id}/actions/${action}`)).status;

  it('refuses the next Get once the CRK is disabled, says why, and serves again once it is enabled', async () => {
    const before = await fetchKey(clients[0], id);
    expect(before).toHaveProperty('hex');

    expect(await rootKeyAction('disable')).toBe(204);
    for (const client of clients) {
      expect(await fetchKey(client, id)).toMatchObject({
        message: expect.stringMatching(/root key.*disabled/i) as string,
      });
    }

    // Key Protect refuses to enable a key within 30 seconds of its disabling; the stand-in's clock can be moved.
    await service.localCloud('POST', '/clock', { advanceSeconds: 31 });
    expect(await rootKeyAction('enable')).toBe(204);
    for (const client of clients) expect(await fetchKey(client, id)).toEqual(before);
  });

  it('serves the same key after the CRK was rotated, and the stored key moves to the new version', async () => {
    const before = await fetchKey(clients[0], id);
    const former = await storedKeyOf(id);
    await service.localCloud('POST', '/clock', { advanceSeconds: 3_700 });
    expect(await rootKeyAction('rotate')).toBe(204);
    expect(await fetchKey(clients[1], id)).toEqual(before);
    // By the one Get that noticed it, long before the next round of whoever moves keys.
    await until('the stored key has moved', 20_000, async () => (await storedKeyOf(id)) !== former);
    expect(await fetchKey(clients[0], id)).toEqual(before);
  });

  it('shreds one key and no other when its stored key is deleted in Key Protect', async () => {
    const other = await createKey(clients[0]);
    const stored = await storedKeyOf(other);
    expect((await service.keyProtect('DELETE', `/keys/${stored}`)).status).toBe(204);
    for (const client of clients) {
      expect(await fetchKey(client, other)).toMatchObject({ message: expect.stringMatching(/stored key/i) as string });
      expect(await fetchKey(client, id)).toHaveProperty('hex');
    }
  });

  it('uses an API key that was replaced no more, nor its token, on either endpoint', async () => {
    const tenant = await addTenant(service, 'replaced');
    const opened = [await tenant.connect(0), await tenant.connect(1)];
    const key = await createKey(opened[0]!);
    const before = await fetchKey(opened[1]!, key);
    const resource = { serviceName: 'kms', serviceInstance: tenant.keyManagerInstanceId };
    const { account, serviceId } = tenant.seed;
    const apiKey = { apikey: await newApiKey(service, resource, ['Viewer', 'Writer'], account.id) };
    await bindRootKey(service, tenant.instanceId, { ...tenant.seed, apiKey });
    const replacedAt = performance.now();
    // What the former service ID may do ends here: whoever still comes with its token is refused.
    const policies = await service.localCloud<{ id: string }[]>('GET', `/policies?iamId=${serviceId.iamId}`);
    expect(policies.length).toBeGreaterThan(0);
    for (const { id: policy } of policies) await service.localCloud('DELETE', `/policies/${policy}`);
    const served = async (client: KmipClient): Promise<boolean> => 'hex' in (await fetchKey(client, key));
    for (const client of opened) await until('the new API key is used', 5_000, () => served(client));
    expect(performance.now() - replacedAt).toBeLessThan(5_000);
    for (let round = 0; round < 10; round += 1) {
      for (const client of opened) expect(await fetchKey(client, key)).toEqual(before);
    }
    await Promise.all(opened.map((client) => client.close()));
  });

  async function storedKeyOf(uniqueIdentifier: string): Promise<string> {
    const response = await service.keyProtect('GET', `/keys?limit=5000`);
    const { resources } = (await response.json()) as { resources: { id: string; name: string }[] };
    return resources.find(({ name }) => name === `vmware_kmip_${uniqueIdentifier}`)?.id ?? '';
  }

  it('honours a certificate within a second on both endpoints, and forgets it within a second, open connections too', async () => {
    const tenant = await addTenant(service, 'added');
    const accepted = async (endpoint: number): Promise<boolean> => {
      const client = await tenant.connect(endpoint);
      const { resultStatus } = await first(client, vcenter.createKey());
      await client.close();
      return resultStatus === ResultStatus.Success;
    };
    await until(
      'the certificate is honoured on both endpoints',
      1_000,
      async () => (await accepted(0)) && (await accepted(1)),
    );

    const open = [await tenant.connect(0), await tenant.connect(1)];
    const own = await createKey(open[0]!);
    await service.admin(
      'certificate',
      'remove',
      '--instance',
      tenant.instanceId,
      '--certificate',
      tenant.certificateId,
      '--confirm',
      tenant.name,
    );
    const removedAt = Date.now();
    for (const client of open) {
      await until('an open connection is refused', 2_000, async () => {
        const answer = await fetchKey(client, own).catch(() => ({ closed: true }));
        return !('hex' in answer);
      });
    }
    expect(Date.now() - removedAt).toBeLessThan(1_000);
    await Promise.all(open.map((client) => client.close()));
  });

  describe('while no gateway can read the list of certificates', () => {
    let database: Client;

    beforeAll(async () => {
      database = await openDatabase(service);
    });
    afterAll(() => database.end());

    const readable = (yes: boolean): Promise<unknown> =>
      database.query(
        `${yes ? 'GRANT' : 'REVOKE'} EXECUTE ON FUNCTION directory_registrations_of(uuid[]) ${yes ? 'TO' : 'FROM'} kmip_gateway`,
      );

    it('refuses a removed certificate all the same, at its next request, on open connections too', async () => {
      const tenant = await addTenant(service, 'unreadable');
      const connect = async (endpoint: number): Promise<KmipClient> => {
        await until('it is honoured', 2_000, async () => {
          const client = await tenant.connect(endpoint);
          const { resultStatus } = await first(client, vcenter.probe());
          await client.close();
          return resultStatus === ResultStatus.Success;
        });
        return tenant.connect(endpoint);
      };
      const open = [await connect(0), await connect(1)];
      const own = await createKey(open[0]!);
      await readable(false);
      try {
        const which = ['--instance', tenant.instanceId, '--certificate', tenant.certificateId];
        await service.admin('certificate', 'remove', ...which, '--confirm', tenant.name);
        for (const client of [...open, await tenant.connect(0), await tenant.connect(1)]) {
          for (const message of [
            vcenter.createKey(),
            vcenter.getKey(own),
            vcenter.getState(own),
            vcenter.activate(own),
            vcenter.addAttributes(own, { 'x-a': '1' }),
          ]) {
            expect(await first(client, message)).toMatchObject({
              resultReason: ResultReason.AuthenticationNotSuccessful,
              resultMessage: expect.stringMatching(/was removed from this KMIP instance/) as string,
            });
          }
          await client.close();
        }
      } finally {
        await readable(true);
      }
      const { rows } = await database.query<{ state: string }>(
        'SELECT state FROM managed_objects WHERE instance_id = $1',
        [tenant.instanceId],
      );
      expect(rows).toEqual([{ state: 'PreActive' }]);
    });
  });

  it('tells a stranger which certificate it presented, and closes', async () => {
    const tenant = await addTenant(service, 'stranger');
    await service.admin(
      'certificate',
      'remove',
      '--instance',
      tenant.instanceId,
      '--certificate',
      tenant.certificateId,
      '--confirm',
      tenant.name,
    );
    await until('the certificate is unknown', 2_000, async () => {
      const client = await tenant.connect(0);
      const item = await first(client, vcenter.probe());
      await client.close();
      return (
        item.resultReason === ResultReason.AuthenticationNotSuccessful &&
        /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.test(item.resultMessage ?? '')
      );
    });
  });
});
