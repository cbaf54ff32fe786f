import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { EndpointGuard, type KeyManager, preflight } from '@lib/key-manager';
import { CloudAccount, connectKeyProtect, keyProtect } from '@lib/key-protect';
import { deletable, describeKeyManagerContract } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { admin, context, keyManagerHarness, Tenant } from './support/key-protect-tenant';

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await (await createLocalCloud()).start();
});
afterAll(() => cloud.close());

describe.each(['kms', 'hs-crypto'] as const)('%s', (serviceName) => {
  describeKeyManagerContract('KeyProtectKeyManager', () => keyManagerHarness(cloud, serviceName));
});

describe('a tenant who changes its mind', () => {
  let tenant: Tenant;
  let keyManager: KeyManager;
  beforeEach(async () => {
    tenant = await Tenant.open(cloud);
    keyManager = tenant.bind(tenant.seeded.apiKey.apikey, await tenant.createRootKey());
    await keyManager.wrap(context(), []);
  });
  afterEach(() => tenant.registry.close());

  it('by revoking all tokens loses nothing: a fresh one is fetched once', async () => {
    await fetch(`${cloud.adminUrl}/tokens/revoke`, { method: 'POST' });
    await expect(keyManager.storeKey(context(), 'after-revocation', Buffer.from('x'))).resolves.toBeDefined();
  });

  it('by locking the API key is obeyed when the token ends', async () => {
    await admin(cloud, `/api-keys/${tenant.seeded.apiKey.id}`, { locked: true }, 'PATCH');
    await fetch(`${cloud.adminUrl}/tokens/revoke`, { method: 'POST' });
    await expect(keyManager.wrap(context(), [])).rejects.toMatchObject({ fault: 'credential_rejected' });
  });

  it('by restoring what was deleted is told of until when that can be', async () => {
    const { id } = await keyManager.storeKey(context(), 'restorable', Buffer.from('x'));
    const until = await keyManager.deleteKey(context(), deletable(id));
    const metadata = await tenant.manage('GET', `/keys/${id}/metadata`);
    const { resources } = metadata as { resources: { restoreExpirationDate: string }[] };
    expect(resources.map(({ restoreExpirationDate }) => new Date(restoreExpirationDate))).toEqual([until]);
  });

  it('by forbidding the import of standard keys is told which policy forbids it', async () => {
    const policyData = { enabled: true, attributes: { import_standard_key: false } };
    await tenant.manage('PUT', '/instance/policies?policy=keyCreateImportAccess', {
      metadata: { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: 1 },
      resources: [{ policy_type: 'keyCreateImportAccess', policy_data: policyData }],
    });
    await expect(keyManager.storeKey(context(), 'forbidden', Buffer.from('x'))).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('keyCreateImportAccess') as string,
      details: { reasonCode: 'KEY_CREATE_IMPORT_ACCESS_ERR', certainlyNotDone: true },
    });
  });

  it('cannot be reached with the credential of another tenant', async () => {
    const other = await Tenant.open(cloud);
    const intruder = tenant.bind(other.seeded.apiKey.apikey, await tenant.createRootKey());
    await expect(intruder.wrap(context(), [])).rejects.toMatchObject({ fault: 'permission_denied' });
    await other.registry.close();
  });
});

describe('an HPCS instance', () => {
  it('whose administrators have not loaded a master key is reported as such', async () => {
    const tenant = await Tenant.open(cloud, 'hs-crypto');
    const keyManager = tenant.bind(tenant.seeded.apiKey.apikey, await tenant.createRootKey());
    await admin(cloud, `/instances/${tenant.seeded.instance.id}`, { initialized: false }, 'PATCH');
    await expect(keyManager.wrap(context(), [])).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('not initialised') as string,
    });
    await tenant.registry.close();
  });
});

describe('setting up a binding', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.open(cloud);
  });
  afterAll(() => tenant.registry.close());

  it('finds out whose key it is, which key managers it sees and where they are', async () => {
    const { apiKey, account, instance, serviceId } = tenant.seeded;
    const cloudAccount = await CloudAccount.open(tenant.seeded, Secret.fromText(apiKey.apikey));
    await expect(cloudAccount.describeApiKey()).resolves.toMatchObject({
      iamId: serviceId.iamId,
      accountId: account.id,
      ofServiceId: true,
    });
    const found = { guid: instance.id, kind: 'key_protect', region: 'us-south', endpoints: instance.endpoints };
    expect(await cloudAccount.listKeyManagers()).toContainEqual(expect.objectContaining(found));
    await expect(cloudAccount.findKeyManager(instance.id)).resolves.toMatchObject(found);
    await expect(cloudAccount.findKeyManager(randomUUID())).resolves.toBeUndefined();
  });

  it('lists root keys, and tries a binding with each role', async () => {
    const rootKeyId = await tenant.createRootKey();
    const { instance, apiKey, iamUrl } = tenant.seeded;
    const endpoints = new EndpointGuard({ templates: [instance.endpoints.public], regions: ['us-south'] });
    const keys = [apiKey.apikey, await tenant.apiKeyWith('Writer'), await tenant.apiKeyWith('Reader')];
    const usable: boolean[] = [];
    for (const key of keys) {
      const connection = connectKeyProtect(
        { iamUrl, endpoints },
        {
          instanceId: toInstanceId(randomUUID()),
          baseUrl: instance.endpoints.public,
          keyManager: instance.crn,
          rootKeyId,
          openCredential: () => Secret.fromText(key),
        },
      );
      const rootKeys = await connection.listRootKeys(context());
      expect(rootKeys.map(({ id }) => id)).toContain(rootKeyId);
      expect(rootKeys.every(({ isRootKey }) => isRootKey)).toBe(true);
      expect(await connection.listRootKeyVersions(context())).toMatchObject([{ id: rootKeyId }]);
      if (key === apiKey.apikey) {
        expect(await connection.listKeyRings(context())).toContain('default');
        expect(await connection.listPolicies(context())).toEqual([]);
      }
      usable.push((await preflight(connection.keyManager, newCorrelationId(), keyProtect.advice)).usable);
      await connection.close();
    }
    expect(usable).toEqual([true, true, false]);
  });
});
