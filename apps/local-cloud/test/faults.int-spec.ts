import { KmsClient, resourcesOf, send, TestCloud, type Tenant } from './test-cloud';

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
beforeEach(async () => {
  await cloud.setUp('DELETE', '/faults');
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
});
afterAll(() => cloud.close());

const fault = (match: object, effect: object, more: object = {}): Promise<{ id: string }> =>
  cloud.setUp('POST', '/faults', { match, effect, ...more });
const wrap = (): ReturnType<KmsClient['call']> => manager.call('POST', `/keys/${tenant.rootKey.id}/actions/wrap`, {});
const creates = { operations: ['secrets.create'] };
const create = (): Promise<string> => manager.create({ name: 'disturbed' });
const stored = async (): Promise<number> => resourcesOf(await manager.call('GET', '/keys?search=disturbed')).length;

it('429 with Retry-After, for as many calls as it says', async () => {
  await fault({ operations: ['secrets.wrap'] }, { kind: 'status', status: 429, retryAfterSeconds: 7 }, { count: 2 });
  const answers = [await wrap(), await wrap(), await wrap()];
  expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
  expect(answers[0]!.headers.get('retry-after')).toBe('7');
});

it('lets the first calls pass when told, and strikes one instance only', async () => {
  const other = await cloud.seed();
  const neighbour = new KmsClient(other, await cloud.userWith(other, ['Manager']));
  await fault({ instance: tenant.instance.id }, { kind: 'status', status: 503, body: { gone: true } }, { skip: 1 });
  expect([(await wrap()).status, (await wrap()).body]).toEqual([200, { gone: true }]);
  expect((await neighbour.call('GET', '/keys')).status).toBe(200);
});

it.each(['reset', 'hang'])('%s before the effect: nothing is stored', async (kind) => {
  const { id } = await fault(creates, { kind, when: 'before' });
  await expect(createWithin(200)).rejects.toThrow();
  await cloud.setUp('DELETE', `/faults/${id}`);
  expect(await stored()).toBe(0);
});

it.each(['reset', 'hang', 'status'])('%s after the effect: the answer is lost, the key is there', async (kind) => {
  await fault(creates, { kind, when: 'after', ...(kind === 'status' && { status: 504 }) }, { count: 1 });
  await expect(createWithin(200)).rejects.toThrow();
  expect(await stored()).toBe(1);
});

/** Gives up like a client with a deadline. */
function createWithin(milliseconds: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('deadline')), milliseconds);
  });
  return Promise.race([create(), late]).finally(() => clearTimeout(timer));
}

it('strikes the calls about one key alone: its creation, its id, its name and what it is wrapped with', async () => {
  await fault({ about: 'struck' }, { kind: 'status', status: 503 });
  await expect(manager.create({ name: 'struck' })).rejects.toThrow();
  await cloud.setUp('DELETE', '/faults');
  const [struck, other] = [await manager.create({ name: 'struck' }), await manager.create({ name: 'other' })];
  await fault({ about: 'struck' }, { kind: 'status', status: 503 }, { skip: 1 });
  const wrapFor = (aad: string) => manager.call('POST', `/keys/${tenant.rootKey.id}/actions/wrap`, { aad: [aad] });
  const answers = [
    await manager.call('GET', `/keys/${struck}`),
    await manager.call('GET', `/keys/${other}`),
    await manager.call('GET', `/keys/${struck}`),
    await manager.call('GET', '/keys?search=struck'),
    await manager.call('GET', `/keys?search=${struck}`),
    await wrapFor('not struck'),
    await wrapFor('another'),
    await wrap(),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503, 503, 503, 200, 200]);
  const { latest } = await cloud.setUp<{ latest: { about?: readonly string[] }[] }>('GET', '/requests');
  expect(latest.slice(-4).map(({ about }) => about)).toEqual([
    [struck, 'struck'],
    [tenant.rootKey.id, 'not struck', 'root-key'],
    [tenant.rootKey.id, 'another', 'root-key'],
    [tenant.rootKey.id, 'root-key'],
  ]);
});

it('delays', async () => {
  await fault({ operations: ['secrets.wrap'] }, { kind: 'delay', milliseconds: 60 }, { count: 1 });
  const started = performance.now();
  expect((await wrap()).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThan(50);
});

it('read-only: reads and wraps go on, writes fail', async () => {
  await fault({ service: 'kms', writesOnly: true }, { kind: 'status', status: 503 });
  expect((await wrap()).status).toBe(200);
  expect((await manager.call('GET', '/keys')).status).toBe(200);
  await expect(create()).rejects.toThrow('503');
  expect((await manager.call('DELETE', `/keys/${tenant.rootKey.id}`)).status).toBe(503);
  await cloud.setUp('DELETE', '/faults');
  expect(await stored()).toBe(0);
});

it('counts calls by operation and instance, and shows no secret', async () => {
  await cloud.setUp('DELETE', '/requests');
  const correlationId = '5f0c8a55-1b1c-4d0f-9a36-0d6c6b7d5a11';
  const headers = { 'correlation-id': correlationId };
  await manager.call('POST', `/keys/${tenant.rootKey.id}/actions/wrap`, { plaintext: 'c2VjcmV0' }, { headers });
  await wrap();
  const log = await cloud.setUp<{ counts: object[]; latest: object[] }>('GET', '/requests');
  expect(log.counts).toEqual([{ operation: 'secrets.wrap', instance: tenant.instance.id, count: 2 }]);
  expect(log.latest[0]).toMatchObject({ service: 'kms', method: 'POST', status: 200, correlationId });
  expect(JSON.stringify(log)).not.toContain('c2VjcmV0');
});

it('iam can fail too', async () => {
  await fault({ service: 'iam' }, { kind: 'status', status: 500 }, { count: 1 });
  expect((await send(`${tenant.iamUrl}/identity/keys`, 'GET')).status).toBe(500);
  expect((await send(`${tenant.iamUrl}/identity/keys`, 'GET')).status).toBe(200);
});

describe('admin API', () => {
  it('answers no web page', async () => {
    const answer = await send(`${cloud.cloud.adminUrl}/seed`, 'POST', {}, { origin: 'http://evil.example' });
    expect(answer.status).toBe(403);
  });

  it.each<[string, object]>([
    ['/seed', { instanse: {} }],
    ['/faults', { effect: { kind: 'explode' } }],
    ['/clock', { advanceSeconds: 'soon' }],
    ['/instances', {}],
  ])('refuses %s with a body it does not understand', async (path, body) => {
    expect((await cloud.admin('POST', path, body)).status).toBe(400);
  });

  it('seeds the same tenant again when the same ids come', async () => {
    const seed = {
      account: { id: '0'.repeat(32) },
      instance: { id: '11111111-1111-4111-8111-111111111111' },
      rootKey: { id: '22222222-2222-4222-8222-222222222222' },
      serviceId: { id: '33333333-3333-4333-8333-333333333333' },
      apiKey: { apikey: 'k'.repeat(44) },
    };
    expect(await cloud.seed(seed)).toEqual(await cloud.seed(seed));
    const policies = await cloud.setUp<object[]>('GET', `/policies?iamId=iam-ServiceId-${seed.serviceId.id}`);
    expect(policies).toHaveLength(1);
  });

  it('shows what is stored by its hash', async () => {
    const keys = await cloud.setUp<object[]>('GET', `/instances/${tenant.instance.id}/keys`);
    expect(keys).toEqual([
      expect.objectContaining({
        id: tenant.rootKey.id,
        versions: [expect.objectContaining({ materialSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string })],
      }),
    ]);
    expect(JSON.stringify(keys)).not.toContain('"material"');
  });

  it('reset leaves nothing', async () => {
    await cloud.setUp('POST', '/reset');
    expect(await cloud.setUp('GET', '/instances')).toEqual([]);
    expect((await manager.call('GET', '/keys')).status).toBe(401);
    await new KmsClient(await cloud.seed(), '').call('GET', '/keys');
  });
});
