import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type KmipClient } from '@lib/kmip-client';

import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addTenant, type Tenant } from './support/second-tenant';

jest.setTimeout(180_000);

describe('the great mistakes of an operator', () => {
  let service: RunningService;
  let tenant: Tenant;
  let client: KmipClient;
  let key: string;
  let folder: string;

  beforeAll(async () => {
    service = await RunningService.start();
    folder = await mkdtemp(join(tmpdir(), 'kmip-mistakes-'));
    tenant = await addTenant(service, 'careful');
    client = await tenant.connect(0);
    key = await createKey(client);
  });
  afterAll(async () => {
    await client.close();
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Served afresh, not from memory: another gateway process asks the key manager itself. */
  const stillServed = async (): Promise<boolean> => {
    const other = await tenant.connect(1);
    const served = await fetchKey(other, key);
    await other.close();
    return 'hex' in served;
  };
  const setRootKey = async (
    change: { keyManager?: string; rootKey?: string; apiKey?: string },
    ...more: string[]
  ): Promise<unknown> => {
    const file = join(folder, 'api-key');
    await writeFile(file, change.apiKey ?? tenant.seed.apiKey.apikey, { mode: 0o600 });
    const { crn } = tenant.seed.instance;
    return service.admin(
      ...['root-key', 'set', '--instance', tenant.instanceId, '--api-key-file', file],
      ...['--key-manager', change.keyManager ?? crn, '--root-key', change.rootKey ?? tenant.rootKeyId],
      ...more,
    );
  };

  it.each([
    ['audit-key', 'list'],
    ['audit-key', 'rotate'],
    ['migrate', 'status'],
  ])('%s %s with an argument that it does not know is not carried out', async (...command) => {
    await expect(service.admin(...command, '--instance', tenant.instanceId)).rejects.toThrow(/unknown option/);
  });

  it.each<[string, () => Parameters<typeof setRootKey>[0]]>([
    ['a mistyped CRN', () => ({ keyManager: tenant.seed.instance.crn.replace(':kms:', ':kmz:'), apiKey: 'wrong' })],
    ['a root key that is no id', () => ({ rootKey: 'crk', apiKey: 'wrong' })],
    ['an API key that IAM does not know', () => ({ apiKey: 'wrong-api-key-0123456789abcdefghijklmnopqrst' })],
    ['a root key that is not there', () => ({ rootKey: '00000000-0000-4000-8000-000000000000' })],
  ])('setting a root key with %s changes nothing', async (_what, change) => {
    const before = await service.admin('root-key', 'list', '--instance', tenant.instanceId);
    await expect(setRootKey(change())).rejects.toThrow();
    expect(await service.admin('root-key', 'list', '--instance', tenant.instanceId)).toEqual(before);
    expect(await stillServed()).toBe(true);
  });

  it('a dry run says what another root key would cost in key versions, and sets nothing', async () => {
    const before = await service.admin('root-key', 'list', '--instance', tenant.instanceId);
    const account = { id: tenant.seed.account.id };
    const other = await service.localCloud<Tenant['seed']>('POST', '/seed', {
      account,
      instance: { serviceName: 'kms' },
      serviceId: { id: tenant.seed.serviceId.iamId.replace('iam-ServiceId-', '') },
      roles: ['Viewer', 'Manager'],
    });
    const change = { keyManager: other.instance.crn, rootKey: other.rootKey.id };
    expect(await setRootKey(change, '--dry-run', 'true')).toMatchObject({
      passed: true,
      steps: expect.arrayContaining([
        expect.objectContaining({
          code: 'key_versions',
          message: expect.stringMatching(/1 key version more.*30 days more/) as string,
        }),
        expect.objectContaining({ code: 'key_manager_quota', result: 'passed' }),
      ]) as unknown[],
    });
    expect(await service.admin('root-key', 'list', '--instance', tenant.instanceId)).toEqual(before);
  });

  it('setting the right one works', async () => {
    expect(await setRootKey({})).toMatchObject({ rootKeyId: tenant.rootKeyId, status: 'active' });
    expect(await stillServed()).toBe(true);
  });

  it('removing an instance with keys takes its name, after it was disabled', async () => {
    const remove = (...confirm: string[]) =>
      service.admin('instance', 'remove', '--instance', tenant.instanceId, ...confirm);
    await expect(remove()).rejects.toThrow(/1 key of the instance would leave[\s\S]*`careful`/);
    await expect(remove('--confirm', 'careful')).rejects.toThrow('disable it first');
    expect(await stillServed()).toBe(true);
    await service.admin('instance', 'disable', '--instance', tenant.instanceId);
    await service.admin('instance', 'enable', '--instance', tenant.instanceId);
    // Every endpoint follows within a second, as long as the machine has time for it.
    await until('it is served again', 20_000, stillServed);
    await service.admin('instance', 'disable', '--instance', tenant.instanceId);
    expect(await remove('--confirm', 'careful')).toMatchObject({ removed: tenant.instanceId });
  });
});
