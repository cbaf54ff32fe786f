import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import UsageMeteringV4 from '@ibm-cloud/platform-services/usage-metering/v4';
import { send, TestCloud, type Tenant } from './test-cloud';

const SERVICE = 'kmip-for-vmware';
const HOUR = 3600 * 1000;

let cloud: TestCloud;
let tenant: Tenant;
let client: UsageMeteringV4;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed({ instance: { serviceName: SERVICE } });
  await cloud.setUp('POST', '/services', { name: SERVICE, actions: [] });
  const bearerToken = await cloud.tokenOf(tenant.serviceId.iamId);
  const authenticator = new BearerTokenAuthenticator({ bearerToken });
  client = new UsageMeteringV4({ authenticator, serviceUrl: `${cloud.cloud.url}/metering` });
});
afterAll(() => cloud.close());

const record = (change: object = {}): UsageMeteringV4.ResourceInstanceUsage => ({
  resource_instance_id: tenant.instance.crn,
  plan_id: 'standard',
  region: 'us-south',
  start: 1_800_000_000_000 - HOUR,
  end: 1_800_000_000_000,
  measured_usage: [{ measure: 'KEYS', quantity: 3 }],
  ...change,
});

async function report(...resourceUsage: UsageMeteringV4.ResourceInstanceUsage[]): Promise<number[]> {
  const { status, result } = await client.reportResourceUsage({ resourceId: SERVICE, resourceUsage });
  expect(status).toBe(202);
  return result.resources.map((resource) => resource.status);
}

it('judges each record: new, repeated, changed, unknown, faulty, late', async () => {
  await cloud.setUp('POST', '/clock', { now: new Date(1_800_000_000_000 + HOUR).toISOString() });
  const changed = record({ measured_usage: [{ measure: 'KEYS', quantity: 4 }] });
  expect(await report(record(), changed)).toEqual([201, 409]);
  expect(await report(record(), record({ consumer_id: 'another' }))).toEqual([409, 201]);
  const nobody = tenant.instance.crn.replace(tenant.instance.id, '99999999-9999-4999-8999-999999999999');
  expect(await report(record({ resource_instance_id: nobody }))).toEqual([424]);
  expect(await report(record({ measured_usage: [] }), record({ start: 2e12 }), record({ end: 2e12 }))).toEqual([
    400, 400, 400,
  ]);
  await cloud.advance(48 * 3600);
  expect(await report(record({ plan_id: 'late' }))).toEqual([400]);
  const usage = await cloud.setUp<{ record: UsageMeteringV4.ResourceInstanceUsage }[]>('GET', '/usage');
  expect(usage.map((row) => row.record.measured_usage[0]!.quantity as number)).toEqual([3, 3]);
});

it('knows no service that was not registered', async () => {
  const now = cloud.cloud.clock.now().getTime();
  const { result } = await client.reportResourceUsage({
    resourceId: 'other',
    resourceUsage: [record({ start: now, end: now })],
  });
  expect(result.resources[0]).toMatchObject({ status: 404 });
});

it('answers a broken body with 400', async () => {
  const url = `${cloud.cloud.url}/metering/v4/metering/resources/${SERVICE}/usage`;
  expect((await send(url, 'POST', '[{')).status).toBe(400);
});

it('takes at most 100 records, and only with a token', async () => {
  await expect(report(...Array.from({ length: 101 }, () => record()))).rejects.toMatchObject({ status: 400 });
  const authenticator = new BearerTokenAuthenticator({ bearerToken: 'nonsense' });
  const stranger = new UsageMeteringV4({ authenticator, serviceUrl: `${cloud.cloud.url}/metering` });
  await expect(stranger.reportResourceUsage({ resourceId: SERVICE, resourceUsage: [record()] })).rejects.toMatchObject({
    status: 401,
  });
});
