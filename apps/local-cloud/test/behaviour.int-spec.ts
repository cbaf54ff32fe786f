import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import ResourceControllerV2 from '@ibm-cloud/platform-services/resource-controller/v2';
import { randomUUID } from 'node:crypto';
import { PLAIN, UNKIND } from '../src/behaviour';
import { type Answer, envelope, firstResource, KmsClient, reasonOf, resourcesOf, send, TestCloud } from './test-cloud';
import { type Tenant } from './test-cloud';

const PREFERRED = { prefer: 'return=representation' };
const KEY = { name: 'envelope', extractable: true, payload: Buffer.from('envelope').toString('base64') };

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
beforeEach(async () => {
  await cloud.setUp('POST', '/reset');
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Viewer', 'Manager']));
});
afterAll(() => cloud.close());

const behave = (settings: object): Promise<object> => cloud.setUp('POST', '/behaviour', settings);
const create = (headers: Record<string, string> = {}): Promise<Answer> =>
  manager.call('POST', '/keys', envelope(KEY), { headers });
const read = (id: string): Promise<Answer> => manager.call('GET', `/keys/${id}`);

it('UNKIND is all there is, and none of it as by default', async () => {
  const plain = Object.entries(await behave({}));
  expect(plain).toEqual(Object.entries({ ...PLAIN, rollBackMinutes: 0 }));
  const unkind: object = await behave(UNKIND);
  expect(unkind).toEqual({ ...UNKIND, rollBackMinutes: 0 });
  // The roll-back is an event: a test chooses its moment.
  const same = plain.filter(([name, value]) =>
    Object.entries(unkind).some((other) => other[0] === name && other[1] === value),
  );
  expect(same).toEqual([['rollBackMinutes', 0]]);
});

it.each([
  ['whole', {}, true],
  ['as_preferred', {}, false],
  ['as_preferred', PREFERRED, true],
  ['id_only', PREFERRED, false],
])('%s answers to a POST that prefers %j', async (createAnswers, headers, whole) => {
  await behave({ createAnswers });
  const answer = await create(headers);
  expect(answer.status).toBe(201);
  expect(Object.keys(firstResource(answer)).length > 1).toBe(whole);
  expect(firstResource(answer)['id']).toEqual(expect.any(String));
});

it('material that lags behind creation', async () => {
  await behave({ materialLag: 2 });
  const id = firstResource(await create())['id'] as string;
  const reads = [await read(id), await read(id), await read(id)];
  expect(
    reads.map((answer) => [firstResource(answer)['state'], firstResource(answer)['payload'] !== undefined]),
  ).toEqual([
    [1, false],
    [1, false],
    [1, true],
  ]);
});

it('a search by name that lags, while lists and ids do not', async () => {
  await behave({ searchLag: 1 });
  const id = firstResource(await create())['id'] as string;
  const found = async (query: string): Promise<number> =>
    resourcesOf(await manager.call('GET', `/keys?${query}`)).length;
  expect(await found('extractable=true')).toBe(1);
  expect(await found(`search=${id}`)).toBe(1);
  expect([await found('search=name:envelope'), await found('search=name:envelope')]).toEqual([0, 1]);
});

it('a fail-over that does not know the last minutes, and their end', async () => {
  await cloud.advance(-7_200);
  const [old, deleted] = [await manager.create(KEY), await manager.create(KEY)];
  await cloud.advance(7_200);
  const young = await manager.create(KEY);
  await manager.call('DELETE', `/keys/${deleted}`);

  await behave({ rollBackMinutes: 60 });
  expect((await read(old)).status).toBe(200);
  expect(reasonOf(await read(young))).toBe('KEY_NOT_FOUND_ERR');
  expect(firstResource(await read(deleted))).toMatchObject({ state: 1, payload: KEY.payload });
  const listed = resourcesOf(await manager.call('GET', '/keys?extractable=true')).map(({ id }) => id);
  expect(new Set(listed)).toEqual(new Set([old, deleted]));
  // What is done to the standby counts there.
  const made = await manager.create(KEY);
  expect((await read(made)).status).toBe(200);
  expect((await manager.call('DELETE', `/keys/${deleted}`)).status).toBe(204);
  expect(firstResource(await read(deleted))).toMatchObject({ state: 5 });

  await behave({ rollBackMinutes: 0 });
  expect((await read(young)).status).toBe(200);
  expect(firstResource(await read(deleted))).toMatchObject({ state: 5 });
});

it('aliases in actions', async () => {
  await manager.call('POST', `/keys/${tenant.rootKey.id}/aliases/crk`);
  const wrap = (): Promise<Answer> => manager.call('POST', '/keys/crk/actions/wrap', {});
  expect((await wrap()).status).toBe(404);
  await behave({ aliasesInActions: true });
  expect((await wrap()).status).toBe(200);
});

it('other defaults of lists', async () => {
  for (const ring of ['one', 'two']) await manager.call('POST', `/key_rings/${ring}`);
  await behave({ keyRingPage: 2, instancePage: 1 });
  expect(resourcesOf(await manager.call('GET', '/key_rings'))).toHaveLength(2);
  expect(resourcesOf(await manager.call('GET', '/key_rings?limit=50'))).toHaveLength(3);
  await cloud.setUp('POST', '/instances', { accountId: tenant.account.id });
  const user = await cloud.setUp<{ iamId: string }>('POST', '/users', { accountId: tenant.account.id });
  await cloud.setUp('POST', '/policies', { iamId: user.iamId, roles: ['Viewer'], resource: { serviceName: 'kms' } });
  const { result } = await resourceController(await cloud.tokenOf(user.iamId)).listResourceInstances();
  expect([result.rows_count, typeof result.next_url]).toEqual([1, 'string']);
});

it('410 for an instance that was removed, with no word about its keys', async () => {
  await behave({ removedInstances: 'gone' });
  await cloud.setUp('PATCH', `/instances/${tenant.instance.id}`, { state: 'removed' });
  const controller = resourceController(manager.token);
  await expect(controller.getResourceInstance({ id: tenant.instance.id })).rejects.toMatchObject({ status: 410 });
  const answer = await read(randomUUID());
  expect([answer.status, reasonOf(answer)]).toEqual([410, undefined]);
});

it('verdicts on usage in another order', async () => {
  await cloud.setUp('POST', '/services', { name: 'kmip', actions: [{ id: 'kmip.x', roles: ['Manager'] }] });
  await behave({ usageVerdicts: 'reversed' });
  const end = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const record = {
    resource_instance_id: tenant.instance.crn,
    plan_id: 'plan',
    start: end - 3_600_000,
    end,
    measured_usage: [{ measure: 'KEYS', quantity: 1 }],
  };
  const url = `${cloud.cloud.url}/metering/v4/metering/resources/kmip/usage`;
  const headers = { authorization: `Bearer ${manager.token}` };
  const answer = await send(url, 'POST', [record, { ...record, plan_id: '' }], headers);
  expect((answer.body as { resources: { status: number }[] }).resources.map(({ status }) => status)).toEqual([
    400, 201,
  ]);
});

it('a page of a proxy, before or after the effect', async () => {
  const page = (when: string): Promise<unknown> =>
    cloud.setUp('POST', '/faults', {
      match: { operations: ['secrets.create'] },
      effect: { kind: 'page', status: 499, when },
      count: 1,
    });
  for (const [when, stored] of [
    ['before', 0],
    ['after', 1],
  ] as const) {
    await page(when);
    const answer = await create();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([499, 'text/html']);
    expect(answer.body).toEqual(expect.stringContaining('<html>'));
    expect(resourcesOf(await manager.call('GET', '/keys?extractable=true'))).toHaveLength(stored);
  }
});

it('a fault that strikes now and then', async () => {
  const match = { operations: ['secrets.list'] };
  await cloud.setUp('POST', '/faults', { match, effect: { kind: 'status', status: 500 }, every: 3, count: 2, skip: 1 });
  const statuses: number[] = [];
  for (let call = 0; call < 8; call += 1) statuses.push((await manager.call('GET', '/keys')).status);
  expect(statuses).toEqual([200, 500, 200, 200, 500, 200, 200, 200]);
});

it('is shown, refuses what it does not know, and ends with a reset', async () => {
  await behave({ searchLag: 3, rollBackMinutes: 5 });
  expect((await cloud.admin('GET', '/behaviour')).body).toMatchObject({
    searchLag: 3,
    rollBackMinutes: 5,
    materialLag: 0,
  });
  for (const wrong of [{ searchLag: -1 }, { createAnswers: 'none' }, { rollBackMinutes: 601 }, { unknown: true }]) {
    expect((await cloud.admin('POST', '/behaviour', wrong)).status).toBe(400);
  }
  await cloud.setUp('DELETE', '/behaviour');
  expect((await cloud.admin('GET', '/behaviour')).body).toMatchObject({ searchLag: 0, rollBackMinutes: 0 });
});

const resourceController = (bearerToken: string): ResourceControllerV2 =>
  new ResourceControllerV2({
    authenticator: new BearerTokenAuthenticator({ bearerToken }),
    serviceUrl: tenant.resourceControllerUrl,
  });
