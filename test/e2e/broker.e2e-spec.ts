import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type KmipClient, KmipClientError } from '@lib/kmip-client';
import { ResultStatus } from '@lib/kmip-protocol';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';

import { CatalogRows } from './support/catalog-rows';
import { createKey, fetchKey, first, vcenter } from './support/keys';
import { bearerToken, type Order, Platform } from './support/platform';
import { RunningService, until } from './support/running-service';
import { type ApiAnswer, TenantApi } from './support/tenant-api';

jest.setTimeout(300_000);

interface Usage {
  readonly record: {
    readonly resource_instance_id: string;
    readonly start: number;
    readonly end: number;
    readonly measured_usage: readonly { readonly measure: string }[];
  };
}

const CHECKER = join(process.cwd(), '..', 'shared', 'tools', 'osb', 'osb-check.mjs');
const NOTICED_WITHIN_MS = 1_000;

interface Report {
  readonly fatal: string | null;
  readonly results: readonly { readonly name: string; readonly ok: boolean; readonly why: string | null }[];
}

describe('the service broker of the running product', () => {
  let service: RunningService;
  let platform: Platform;
  let rows: CatalogRows;
  let metered: Order;

  beforeAll(async () => {
    service = await RunningService.start();
    platform = await Platform.of(service);
    rows = await CatalogRows.open(service);
    // Its usage is reported within the next minute, while the rest is tried.
    metered = await platform.newOrder('standard');
    await platform.provision(metered);
    await rows.forgetUsage(metered.id, 2);
  });

  afterAll(async () => {
    await rows.close();
    await service.remove();
  });

  describe('keeps the rules of the specification', () => {
    const schemes: readonly [string, () => Promise<string[]> | string[]][] = [
      ['basic', () => ['--user', service.connection.broker.user, '--password', service.connection.broker.password]],
      ['bearer-crn', async () => ['--bearer', await bearerToken(service)]],
    ];
    if (!existsSync(CHECKER)) {
      process.stdout.write(`the broker by an outside checker: skipped, there is no ${CHECKER}\n`);
      it.skip('needs the checker', () => undefined);
      return;
    }
    it.each(schemes)('by an outside checker, with %s authentication', async (_scheme, credentials) => {
      const argv = [CHECKER, service.connection.broker.url, '--json', ...(await credentials())];
      const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 16_777_216 }).catch(
        (error: unknown) => error as { stdout: string },
      );
      const { fatal, results } = JSON.parse(stdout) as Report;
      expect(fatal).toBeNull();
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
      expect(results.length).toBeGreaterThanOrEqual(150);
    });
  });

  describe('an instance', () => {
    let order: Order;
    let tenant: TenantApi;
    let identity: IssuedCertificate;
    let key: string;
    let bytes: string;

    beforeAll(async () => {
      const { keyManager, rootKey } = service.connection;
      const chosen = { key_manager_crn: keyManager.crn, root_key_id: rootKey.id };
      order = await platform.newOrder('standard', { name: 'site-a', ...chosen });
      tenant = new TenantApi(service, await service.token('manager'), order.id);
      identity = await issueClientCertificate('self-signed', { commonName: 'kmipClient-ordered', validDays: 30 });
    });

    const connect = (endpoint: number): Promise<KmipClient> =>
      service.kmipAs(identity.certificatePem, identity.privateKeyPem.exposeText(), endpoint);

    /** What a new connection hears; undefined when it is served. One that was open when access was lost is closed. */
    async function refusal(endpoint: number): Promise<string | undefined> {
      const client = await connect(endpoint);
      try {
        const { resultStatus, resultMessage } = await first(client, vcenter.probe());
        return resultStatus === ResultStatus.Success ? undefined : (resultMessage ?? '');
      } catch (error) {
        if (error instanceof KmipClientError) return 'closed';
        throw error;
      } finally {
        await client.close();
      }
    }

    const stateOfInstance = async (): Promise<unknown> => (await tenant.ok('GET', ''))['state'];

    it('is ordered', async () => {
      expect(await platform.provision(order)).toMatchObject({
        status: 201,
        result: { dashboard_url: expect.stringContaining(order.id) as string },
      });
      expect(await tenant.ok('GET', '')).toMatchObject({ name: 'site-a', state: 'inactive', crn: order.instanceId });
    });

    it('gets a credential, the root key that was chosen in the order, and a certificate from its tenant', async () => {
      const { keyManager, instance } = service.connection;
      const [, accountId = ''] = /:a\/([^:]+):/.exec(instance.crn) ?? [];
      const { iamId } = await service.localCloud<{ iamId: string }>('POST', '/service-ids', { accountId });
      const resource = { serviceName: 'kms', serviceInstance: keyManager.instanceId };
      await service.localCloud('POST', '/policies', { iamId, roles: ['Viewer', 'Manager'], resource });
      const { apikey } = await service.localCloud<{ apikey: string }>('POST', '/api-keys', { iamId });
      await tenant.ok('PUT', '/credential', { api_key: apikey });
      const configuring = await tenant.ok('GET', '');
      expect(configuring).toMatchObject({ state: 'configuring', next_step: { code: 'set_root_key' } });
      const crn = configuring['proposed_root_key_crn'];
      await tenant.ok('PUT', '/root_key', { crn, endpoint_visibility: 'public' });
      expect(await stateOfInstance()).toBe('installed');
      await tenant.ok('POST', '/client_certificates', { name: 'vcenter-01', certificate: identity.certificatePem });
    });

    it('serves a vCenter, at once and on both endpoints', async () => {
      await until('the certificate is honoured', NOTICED_WITHIN_MS, async () => (await refusal(0)) === undefined);
      const client = await connect(0);
      key = await createKey(client);
      await first(client, vcenter.activate(key));
      await client.close();
      const other = await connect(1);
      const answer = await fetchKey(other, key);
      await other.close();
      bytes = 'hex' in answer ? answer.hex : '';
      expect(bytes).toMatch(/^[0-9a-f]{64}$/);
    });

    it('lets nobody in a second after it was disabled, says why, and can be read by its tenant but not changed', async () => {
      const open = [await connect(0), await connect(1)];
      for (const client of open) expect(await fetchKey(client, key)).toEqual({ hex: bytes });

      const startedAt = Date.now();
      expect((await platform.setEnabled(order, false, 'IBMCLOUD_ACCT_SUSPEND')).result).toMatchObject({
        enabled: false,
      });
      for (const endpoint of [0, 1]) {
        await until('a new connection is refused', NOTICED_WITHIN_MS, async () => {
          const message = await refusal(endpoint);
          return /disabled in IBM Cloud.*Nothing was deleted/.test(message ?? '');
        });
        const client = open[endpoint];
        await until('an open connection is refused', NOTICED_WITHIN_MS, async () => {
          const answer = client && (await fetchKey(client, key).catch(() => ({ message: 'closed' })));
          return answer !== undefined && !('hex' in answer);
        });
      }
      expect(Date.now() - startedAt).toBeLessThan(NOTICED_WITHIN_MS);
      await Promise.all(open.map((client) => client.close()));

      expect(await tenant.ok('GET', '')).toMatchObject({ state: 'disabled' });
      expect(await tenant.ok('GET', `/keys/${key}`)).toMatchObject({ state: 'active' });
      const writes: Promise<ApiAnswer>[] = [
        tenant.call('POST', '/client_certificates', { name: 'late', certificate: identity.certificatePem }),
        tenant.call('PUT', '/credential', { api_key: 'x'.repeat(44) }),
        tenant.call('DELETE', `/keys/${key}`),
      ];
      for (const { status, body } of await Promise.all(writes)) {
        expect([status, body['errors']]).toEqual([403, [expect.objectContaining({ code: 'instance_disabled' })]]);
      }
      expect(await rows.of(order.id)).toMatchObject({ managed_objects: 1, client_certificates: 1, credentials: 1 });
    });

    it('serves the same key once it is enabled again', async () => {
      await platform.setEnabled(order, true, 'IBMCLOUD_ACCT_ACTIVATE');
      for (const endpoint of [0, 1]) {
        await until('it is served', NOTICED_WITHIN_MS, async () => (await refusal(endpoint)) === undefined);
        const client = await connect(endpoint);
        expect(await fetchKey(client, key)).toEqual({ hex: bytes });
        await client.close();
      }
    });

    it('is not deleted while keys are in use, and says how it can be', async () => {
      const { status, result } = await platform.deprovision(order);
      expect([status, result['error']]).toEqual([422, 'KeysInUse']);
      expect(result['description']).toMatch(/^1 key.* in use.*delete_active_keys/);
      const client = await connect(0);
      expect(await fetchKey(client, key)).toEqual({ hex: bytes });
      await client.close();
    });

    it('is deleted when that is confirmed; the wrapped key stays with the tenant, who is told where it is', async () => {
      await platform.update({ ...order, parameters: { delete_active_keys: true } });
      const { crn } = service.connection.keyManager;
      const { status, result } = await platform.deprovision(order);
      expect(status).toBe(200);
      expect(result['keys_left_behind']).toEqual([{ key_manager_crn: crn, count: 1 }]);

      expect(await rows.of(order.id)).toEqual({});
      expect((await tenant.call('GET', '')).status).toBe(404);
      for (const endpoint of [0, 1]) {
        await until('the certificate is refused', NOTICED_WITHIN_MS, async () =>
          /certificate is not allowed/.test((await refusal(endpoint)) ?? ''),
        );
      }
      const last = await platform.lastOperation(order);
      for (const description of [result['description'], last.result['description']]) {
        expect(description).toContain(`1 in ${crn}`);
        expect(description).toContain('names begin with vmware_kmip_');
      }
      expect(await storedKeyNames()).toContain(`vmware_kmip_${key}`);
      expect((await platform.deprovision(order)).status).toBe(410);
    });

    async function storedKeyNames(): Promise<readonly string[]> {
      const path = `/instances/${service.connection.keyManager.instanceId}/keys`;
      const keys = await service.localCloud<{ name: string; state: number }[]>('GET', path);
      return keys.filter(({ state }) => state === 1).map(({ name }) => name);
    }
  });

  it('reports the usage of full hours to the platform, each once', async () => {
    const reported = async () =>
      (await service.localCloud<Usage[]>('GET', '/usage')).filter(
        ({ record }) => record.resource_instance_id === metered.instanceId,
      );
    await until('the usage is reported', 90_000, async () => (await reported()).length >= 2);
    const records = (await reported()).map(({ record }) => record).toSorted((a, b) => a.start - b.start);
    const [first] = records;
    for (const [index, { start, end }] of records.entries()) {
      expect([start, end]).toEqual([index, index + 1].map((hours) => (first?.start ?? 0) + hours * 3_600_000));
    }
    expect(first?.measured_usage.map(({ measure }) => measure)).toEqual(['ACTIVE_KEYS', 'CLIENT_CERTIFICATES']);
    await until('that is noted', 10_000, async () =>
      (await rows.usage(metered.id)).every(({ state, attempts }) => state === 'accepted' && attempts === 1),
    );
  });
});
