import { envelope, KmsClient, reasonOf, resourcesOf, TestCloud, type Tenant } from './test-cloud';

const ROLES = ['Viewer', 'Administrator', 'Reader', 'ReaderPlus', 'Writer', 'Manager', 'KeyPurge'] as const;
const READERS = ['Reader', 'ReaderPlus', 'Writer', 'Manager'];
const WRITERS = ['Writer', 'Manager'];

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
});
afterAll(() => cloud.close());

describe('what a role opens', () => {
  const newStandardKey = (): object => envelope({ name: 'role table', extractable: true });
  const root = (): string => `/keys/${tenant.rootKey.id}`;

  const ACTIONS: readonly [
    name: string,
    roles: readonly string[],
    method: string,
    path: () => string,
    body?: () => object,
  ][] = [
    ['list', READERS, 'GET', () => '/keys'],
    ['count', READERS, 'HEAD', () => '/keys'],
    ['read payload', ['ReaderPlus', 'Writer', 'Manager'], 'GET', root],
    ['read metadata', READERS, 'GET', () => `${root()}/metadata`],
    ['versions', READERS, 'GET', () => `${root()}/versions`],
    ['wrap', READERS, 'POST', () => `${root()}/actions/wrap`, () => ({})],
    ['unwrap (bad ciphertext)', READERS, 'POST', () => `${root()}/actions/unwrap`, () => ({ ciphertext: 'AAAA' })],
    ['rewrap (bad ciphertext)', READERS, 'POST', () => `${root()}/actions/rewrap`, () => ({ ciphertext: 'AAAA' })],
    ['create', WRITERS, 'POST', () => '/keys', newStandardKey],
    ['create ring', WRITERS, 'POST', () => `/key_rings/ring-${Math.random().toString(36).slice(2)}`],
    ['list rings', READERS, 'GET', () => '/key_rings'],
    ['read key policies', ['Manager'], 'GET', () => `${root()}/policies`],
    ['read instance policies', ['Manager'], 'GET', () => '/instance/policies'],
    ['delete (not there)', ['Manager'], 'DELETE', () => '/keys/00000000-0000-4000-8000-000000000000'],
  ];

  const table = ACTIONS.flatMap(([name, roles, method, path, body]) =>
    ROLES.map((role) => ({ name, role, allowed: roles.includes(role), method, path, body })),
  );

  it.each(table)('$role: $name -> $allowed', async ({ role, allowed, method, path, body }) => {
    const token = await cloud.userWith(tenant, [role]);
    const answer = await new KmsClient(tenant, token).call(method, path(), body?.());
    expect(allowed ? [200, 201, 404, 422] : [401]).toContain(answer.status);
  });

  it.each(ROLES.filter((role) => role !== 'Manager'))('%s may not delete a key that exists', async (role) => {
    const id = await manager.create({ name: 'to delete', extractable: true });
    const answer = await new KmsClient(tenant, await cloud.userWith(tenant, [role])).call('DELETE', `/keys/${id}`);
    expect(answer.status).toBe(401);
    expect((await manager.call('DELETE', `/keys/${id}`)).status).toBe(204);
  });
});

describe('401', () => {
  const unauthorized = {
    metadata: { collectionType: 'application/vnd.ibm.kms.error+json', collectionTotal: 1 },
    resources: [{ errorMsg: 'Unauthorized: The user does not have access to the specified resource' }],
  };

  it.each<[string, () => Promise<{ token?: string; instance?: string | null }>]>([
    ['no role', async () => ({ token: await cloud.userWith(tenant, []) })],
    ['an unknown instance', () => Promise.resolve({ instance: '11111111-1111-4111-8111-111111111111' })],
    ['no instance header', () => Promise.resolve({ instance: null })],
    ["another account's role", async () => ({ token: await cloud.userWith(await cloud.seed(), ['Manager']) })],
  ])('%s looks like every other refusal and has no reasons', async (_name, options) => {
    const answer = await manager.call('GET', '/keys', undefined, await options());
    expect([answer.status, answer.body]).toEqual([401, unauthorized]);
  });

  it('comes before the body is looked at', async () => {
    const token = await cloud.userWith(tenant, ['Viewer']);
    expect((await manager.call('POST', '/keys', '{ not json', { token })).status).toBe(401);
  });

  it('is 400 for something that is no token', async () => {
    const answer = await manager.call('GET', '/keys', undefined, { token: 'abc' });
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'BEARER_SUB_EXTRACTION_ERR']);
  });
});

describe('policies narrower than an instance', () => {
  it('a role on one key opens it, but does not list it', async () => {
    const id = await manager.create({ name: 'single', extractable: true });
    const token = await cloud.userWith(tenant, ['Reader', 'ReaderPlus'], { resourceType: 'key', resource: id });
    const one = new KmsClient(tenant, token);
    expect((await one.call('GET', `/keys/${id}`)).status).toBe(200);
    expect((await one.call('GET', `/keys/${tenant.rootKey.id}`)).status).toBe(401);
    const list = await one.call('GET', '/keys');
    expect(list.body).toEqual({ metadata: { collectionType: 'application/vnd.ibm.kms.key+json', collectionTotal: 0 } });
  });

  it('a Writer on a key ring works in it and nowhere else', async () => {
    await manager.call('POST', '/key_rings/narrow');
    const ring = new KmsClient(tenant, await cloud.userWith(tenant, ['Writer'], { keyRing: 'narrow' }));
    const inside = await ring.create({ name: 'inside', extractable: true }, { 'x-kms-key-ring': 'narrow' });
    expect((await ring.call('POST', '/keys', envelope({ name: 'outside' }))).status).toBe(401);
    expect((await ring.call('GET', '/key_rings')).status).toBe(401);
    expect(resourcesOf(await ring.call('GET', '/keys')).map(({ id }) => id)).toEqual([inside]);
  });

  it('the ring header hides keys of other rings', async () => {
    await manager.call('POST', '/key_rings/elsewhere');
    const answer = await manager.call('GET', `/keys/${tenant.rootKey.id}`, undefined, {
      headers: { 'x-kms-key-ring': 'elsewhere' },
    });
    expect([answer.status, reasonOf(answer)]).toEqual([404, 'KEY_NOT_FOUND_ERR']);
  });
});
