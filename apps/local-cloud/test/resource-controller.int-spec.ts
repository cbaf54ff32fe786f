import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import ResourceControllerV2 from '@ibm-cloud/platform-services/resource-controller/v2';
import { KmsClient, TestCloud, type Tenant } from './test-cloud';

let cloud: TestCloud;
let tenant: Tenant;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
});
afterAll(() => cloud.close());

const clientOf = (bearerToken: string): ResourceControllerV2 =>
  new ResourceControllerV2({
    authenticator: new BearerTokenAuthenticator({ bearerToken }),
    serviceUrl: tenant.resourceControllerUrl,
  });

it('shows an instance and its endpoints, by CRN and by GUID', async () => {
  const client = clientOf(await cloud.userWith(tenant, ['Viewer']));
  for (const id of [tenant.instance.crn, tenant.instance.id]) {
    const { result } = await client.getResourceInstance({ id });
    expect(result).toMatchObject({
      crn: tenant.instance.crn,
      guid: tenant.instance.id,
      account_id: tenant.account.id,
      region_id: 'us-south',
      sub_type: 'kms',
      state: 'active',
      extensions: { endpoints: tenant.instance.endpoints },
    });
  }
});

it.each(['Reader', 'Writer', 'Manager'])('hides it from someone who is only %s', async (role) => {
  const client = clientOf(await cloud.userWith(tenant, [role]));
  await expect(client.getResourceInstance({ id: tenant.instance.id })).rejects.toMatchObject({ status: 404 });
  expect((await client.listResourceInstances()).result).toMatchObject({ rows_count: 0, resources: [] });
});

it('refuses a token that is none', async () => {
  await expect(clientOf('nonsense').listResourceInstances()).rejects.toMatchObject({ status: 401 });
});

it('lists page by page what the caller may see', async () => {
  const user = await cloud.setUp<{ iamId: string }>('POST', '/users', { accountId: tenant.account.id });
  await cloud.setUp('POST', '/policies', { iamId: user.iamId, roles: ['Viewer'], resource: { serviceName: 'kms' } });
  for (let n = 0; n < 4; n++) await cloud.setUp('POST', '/instances', { accountId: tenant.account.id });
  await cloud.setUp('POST', '/instances', { accountId: tenant.account.id, serviceName: 'hs-crypto' });
  const client = clientOf(await cloud.tokenOf(user.iamId));
  const seen: string[] = [];
  let start: string | undefined;
  do {
    const { result } = await client.listResourceInstances({ limit: 2, ...(start !== undefined && { start }) });
    seen.push(...result.resources.map(({ guid }) => guid!));
    // The SDK's type says string; the last page has null.
    const next: unknown = result.next_url;
    start = typeof next === 'string' ? (new URL(next, 'http://x').searchParams.get('start') ?? undefined) : undefined;
  } while (start !== undefined);
  expect(new Set(seen).size).toBe(5);
  const { result } = await client.listResourceInstances({ guid: tenant.instance.id });
  expect(result.resources).toHaveLength(1);
});

it('follows a change of state, and an inactive instance serves no keys', async () => {
  const other = await cloud.seed();
  const client = clientOf(await cloud.userWith(other, ['Viewer']));
  await cloud.setUp('PATCH', `/instances/${other.instance.id}`, { state: 'inactive' });
  expect((await client.getResourceInstance({ id: other.instance.id })).result.state).toBe('inactive');
  const keys = new KmsClient(other, await cloud.userWith(other, ['Manager']));
  expect((await keys.call('GET', '/keys')).status).toBe(401);
});
