import { firstResource, KmsClient, TestCloud } from './test-cloud';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(() => cloud.close());

/** Kinds of instance with a host of their own. */
const OWN_HOSTS = [
  ['HPCS', { serviceName: 'hs-crypto' }, 'hpcs'],
  ['Key Protect Dedicated', { serviceName: 'kms', dedicated: true }, 'kms-dedicated'],
] as const;

describe.each(OWN_HOSTS)('%s', (_kind, kind, prefix) => {
  it(`has a host of its own per instance and names itself ${kind.serviceName}`, async () => {
    const tenant = await cloud.seed({ instance: { ...kind, region: 'eu-de' } });
    const manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
    expect(tenant.instance.endpoints).toEqual({
      public: `${cloud.cloud.url}/${prefix}/${tenant.instance.id}`,
      private: `${cloud.cloud.url}/private/${prefix}/${tenant.instance.id}`,
    });
    const shown = firstResource(await manager.call('GET', `/keys/${tenant.rootKey.id}`));
    expect(shown['crn']).toBe(
      `crn:v1:bluemix:public:${kind.serviceName}:eu-de:a/${tenant.account.id}:${tenant.instance.id}:key:${tenant.rootKey.id}`,
    );
    const other = await cloud.seed({ instance: kind });
    expect((await manager.call('GET', '/keys', undefined, { instance: other.instance.id })).status).toBe(401);
  });

  it('answers 503 to everyone until its crypto units are initialized', async () => {
    const tenant = await cloud.seed({ instance: { ...kind, initialized: false } });
    const client = new KmsClient(tenant, 'nonsense');
    const answer = await client.call('GET', '/keys');
    expect([answer.status, answer.body]).toEqual([
      503,
      'no healthy upstream: no crypto units are in kms-initialized state',
    ]);
    await cloud.setUp('PATCH', `/instances/${tenant.instance.id}`, { initialized: true });
    expect((await client.call('GET', '/keys')).status).toBe(400);
  });

  it('counts root keys and standard keys apart, as migration scripts ask, and gives no import token', async () => {
    const tenant = await cloud.seed({ instance: kind });
    const manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
    const total = async (query: string) => (await manager.call('HEAD', `/keys?${query}`)).headers.get('key-total');
    expect([await total('state=1&extractable=false'), await total('state=1&extractable=true')]).toEqual(['1', '0']);
    expect((await manager.call('POST', '/import_token', {})).status).toBe(403);
  });
});

/** Every host that is not the one of the kind, by what the instance is. */
it.each([
  [{ serviceName: 'kms' }, ['kms/eu-de', 'hpcs/{id}', 'kms-dedicated/{id}']],
  [{ serviceName: 'kms', dedicated: true }, ['kms/us-south', 'hpcs/{id}']],
  [{ serviceName: 'hs-crypto' }, ['kms/us-south', 'kms-dedicated/{id}']],
] as const)(
  'an instance of %j is not served at the hosts of the others, nor in another region',
  async (kind, paths) => {
    const tenant = await cloud.seed({ instance: kind });
    const token = await cloud.userWith(tenant, ['Manager']);
    for (const path of paths) {
      const endpoints = { public: `${cloud.cloud.url}/${path.replace('{id}', tenant.instance.id)}`, private: '' };
      const moved = { ...tenant, instance: { ...tenant.instance, endpoints } };
      expect((await new KmsClient(moved, token).call('GET', '/keys')).status).toBe(401);
    }
  },
);

it('does not make a Dedicated of anything but Key Protect', async () => {
  const tenant = await cloud.seed({ instance: { serviceName: 'hs-crypto', dedicated: true } });
  expect(tenant.instance.endpoints.public).toContain('/hpcs/');
});
