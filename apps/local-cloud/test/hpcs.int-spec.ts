import { firstResource, KmsClient, TestCloud } from './test-cloud';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await TestCloud.start();
});
afterAll(() => cloud.close());

it('has a host of its own per instance and names itself hs-crypto', async () => {
  const tenant = await cloud.seed({ instance: { serviceName: 'hs-crypto', region: 'eu-de' } });
  const manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
  expect(tenant.instance.endpoints.public).toMatch(new RegExp(`/hpcs/${tenant.instance.id}$`));
  const shown = firstResource(await manager.call('GET', `/keys/${tenant.rootKey.id}`));
  expect(shown['crn']).toBe(
    `crn:v1:bluemix:public:hs-crypto:eu-de:a/${tenant.account.id}:${tenant.instance.id}:key:${tenant.rootKey.id}`,
  );
  const other = await cloud.seed({ instance: { serviceName: 'hs-crypto' } });
  expect((await manager.call('GET', '/keys', undefined, { instance: other.instance.id })).status).toBe(401);
});

it('answers 503 to everyone until its crypto units are initialized', async () => {
  const tenant = await cloud.seed({ instance: { serviceName: 'hs-crypto', initialized: false } });
  const client = new KmsClient(tenant, 'nonsense');
  const answer = await client.call('GET', '/keys');
  expect([answer.status, answer.body]).toEqual([
    503,
    'no healthy upstream: no crypto units are in kms-initialized state',
  ]);
  await cloud.setUp('PATCH', `/instances/${tenant.instance.id}`, { initialized: true });
  expect((await client.call('GET', '/keys')).status).toBe(400);
});

it.each(['kms', 'hs-crypto'])(
  'an instance of %s is not served at the other kind of host, nor in another region',
  async (serviceName) => {
    const tenant = await cloud.seed({ instance: { serviceName } });
    const token = await cloud.userWith(tenant, ['Manager']);
    const { id } = tenant.instance;
    for (const path of serviceName === 'kms' ? ['kms/eu-de', `hpcs/${id}`] : ['kms/us-south']) {
      const endpoints = { public: `${cloud.cloud.url}/${path}`, private: '' };
      const moved = { ...tenant, instance: { ...tenant.instance, endpoints } };
      expect((await new KmsClient(moved, token).call('GET', '/keys')).status).toBe(401);
    }
  },
);
