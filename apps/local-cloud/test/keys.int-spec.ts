import { randomBytes } from 'node:crypto';
import {
  envelope,
  firstResource,
  KmsClient,
  reasonOf,
  resourcesOf,
  TestCloud,
  type Answer,
  type Tenant,
} from './test-cloud';

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
});
afterAll(() => cloud.close());

const base64 = (bytes: number): string => randomBytes(bytes).toString('base64');
const outcome = (answer: Answer): string =>
  [answer.status, reasonOf(answer)].filter((part) => part !== undefined).join(' ');

describe('creating', () => {
  it.each<[string, object, string]>([
    ['the largest standard payload', { payload: base64(7500) }, '201'],
    ['a standard payload of one byte more', { payload: base64(7501) }, '400 INVALID_FIELD_ERR'],
    ['an empty payload', { payload: '' }, '400 INVALID_FIELD_ERR'],
    ['a payload that is not base64', { payload: 'a b c d ' }, '400 INVALID_FIELD_ERR'],
    ['a root key of 16 bytes', { extractable: false, payload: base64(16) }, '201'],
    ['a root key of 24 bytes', { extractable: false, payload: base64(24) }, '201'],
    ['a root key of 20 bytes', { extractable: false, payload: base64(20) }, '400 INVALID_FIELD_ERR'],
    ['a name of 1', { name: 'x' }, '400 INVALID_FIELD_ERR'],
    ['a name of 2', { name: 'xx' }, '201'],
    ['a name of 90', { name: 'x'.repeat(90) }, '201'],
    ['a name of 91', { name: 'x'.repeat(91) }, '400 INVALID_FIELD_ERR'],
    ['a description of 1', { description: 'x' }, '400 INVALID_FIELD_ERR'],
    ['a description of 241', { description: 'x'.repeat(241) }, '400 INVALID_FIELD_ERR'],
    ['31 tags', { tags: new Array(31).fill('t') }, '400 INVALID_FIELD_ERR'],
    ['a tag with a comma', { tags: ['a,b'] }, '400 INVALID_FIELD_ERR'],
    ['6 aliases', { aliases: ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'] }, '400 INVALID_FIELD_ERR'],
    ['a reserved alias', { aliases: ['keys'] }, '400 INVALID_FIELD_ERR'],
    ['a UUID as alias', { aliases: ['7bc98966-2091-42e4-817c-21d51368514e'] }, '400 INVALID_FIELD_ERR'],
    ['an expiration in the past', { expirationDate: '2020-01-01T00:00:00Z' }, '400 INVALID_FIELD_ERR'],
    ['another type', { type: 'application/json' }, '400 INVALID_FIELD_ERR'],
    ['a field nobody knows', { colour: 'red' }, '400 BAD_BODY_ERR'],
    ['a name that is a number', { name: 7 }, '400 BAD_BODY_ERR'],
    [
      'material for an import token',
      { payload: base64(32), encryptedNonce: 'AAAA', iv: 'AAAA' },
      '409 IMPORT_TOKEN_EXPIRED_ERR',
    ],
  ])('%s -> %3$s', async (_name, fields, expected) => {
    expect(outcome(await manager.call('POST', '/keys', envelope({ name: 'limits', ...fields })))).toBe(expected);
  });

  const metadata = { collectionType: 'application/vnd.ibm.kms.key+json', collectionTotal: 1 };
  it.each<[string, object | string, string]>([
    ['no JSON', '{', 'invalid character'],
    ['two keys', envelope({ name: 'one' }, { name: 'two' }), 'Only creation of one key per request is supported'],
    ['no metadata', { metadata: {}, resources: [{ name: 'one' }] }, 'CollectionMetadata is empty'],
    [
      'an extra member beside resources',
      { metadata, resources: [{ name: 'one' }], more: 1 },
      'json: unknown field "more"',
    ],
    ['an extra member of the key', envelope({ name: 'one', extra_field: 1 }), 'json: unknown field "extra_field"'],
  ])('refuses a body with %s', async (_name, body, because) => {
    const answer = await manager.call('POST', '/keys', body);
    expect(outcome(answer)).toBe('400 BAD_BODY_ERR');
    const [reason] = firstResource(answer)['reasons'] as { message: string }[];
    expect(reason!.message).toBe(
      `Invalid body data was passed. Please ensure the data passed had valid formatting with no invalid characters: ${because}`,
    );
  });

  it('answers NO_BODY_ERR, 415 and 413 without creating anything', async () => {
    const before = (await manager.call('HEAD', '/keys')).headers.get('key-total');
    expect(outcome(await manager.call('POST', '/keys'))).toBe('400 NO_BODY_ERR');
    const text = { headers: { 'content-type': 'text/plain' } };
    expect(outcome(await manager.call('POST', '/keys', JSON.stringify(envelope({ name: 'text' })), text))).toBe('415');
    expect((await manager.call('POST', '/keys', envelope({ name: 'x'.repeat(2_000_000) }))).status).toBe(413);
    expect((await manager.call('HEAD', '/keys')).headers.get('key-total')).toBe(before);
  });

  it('takes the vendor media type, answers minimally when asked, and never shows material', async () => {
    const headers = { 'content-type': 'application/vnd.ibm.kms.key+json', prefer: 'return=minimal' };
    const minimal = await manager.call('POST', '/keys', envelope({ name: 'minimal', payload: base64(10) }), {
      headers,
    });
    expect(Object.keys(firstResource(minimal))).toEqual(['id']);
    const full = await manager.call('POST', '/keys', envelope({ name: 'full', payload: base64(10) }));
    expect(firstResource(full)).toMatchObject({
      name: 'full',
      state: 1,
      extractable: true,
      imported: true,
      deleted: false,
    });
    expect(firstResource(full)).not.toHaveProperty('payload');
  });

  it('names the key by the CRN of its instance', async () => {
    const answer = await manager.call('GET', `/keys/${tenant.rootKey.id}/metadata`);
    expect(firstResource(answer)).toMatchObject({
      crn: `crn:v1:bluemix:public:kms:us-south:a/${tenant.account.id}:${tenant.instance.id}:key:${tenant.rootKey.id}`,
      keyVersion: { id: tenant.rootKey.id },
      keyRingID: 'default',
    });
  });
});

describe('reading', () => {
  it('gives the payload of a standard key by GET, until it is deleted; never of a root key', async () => {
    const payload = base64(100);
    const id = await manager.create({ name: 'payload', payload });
    expect(firstResource(await manager.call('GET', `/keys/${id}`))['payload']).toBe(payload);
    expect(firstResource(await manager.call('GET', `/keys/${id}/metadata`))).not.toHaveProperty('payload');
    expect(firstResource(await manager.call('GET', `/keys/${tenant.rootKey.id}`))).not.toHaveProperty('payload');
    const deleted = await manager.call('DELETE', `/keys/${id}`, undefined, {
      headers: { prefer: 'return=representation' },
    });
    expect([deleted.status, firstResource(deleted)['state']]).toEqual([200, 5]);
    const gone = firstResource(await manager.call('GET', `/keys/${id}`));
    expect(gone).toMatchObject({ state: 5, deleted: true });
    expect(gone).not.toHaveProperty('payload');
    expect(outcome(await manager.call('DELETE', `/keys/${id}`))).toBe('410 KEY_DELETED_ERR');
  });

  it('finds a key by alias, one alias per key and instance', async () => {
    const id = await manager.create({ name: 'alias', aliases: ['first-alias'] });
    const added = await manager.call('POST', `/keys/${id}/aliases/second-alias`);
    expect([added.status, firstResource(added)['alias']]).toEqual([201, 'second-alias']);
    expect(firstResource(await manager.call('GET', '/keys/second-alias'))['id']).toBe(id);
    expect(outcome(await manager.call('POST', `/keys/${tenant.rootKey.id}/aliases/second-alias`))).toBe(
      '409 KEY_ALIAS_NOT_UNIQUE_ERR',
    );
    expect((await manager.call('DELETE', `/keys/${id}/aliases/first-alias`)).status).toBe(204);
    expect(outcome(await manager.call('GET', '/keys/first-alias'))).toBe('404 KEY_NOT_FOUND_ERR');
    expect(firstResource(await manager.call('GET', `/keys/${id}`))['aliases']).toEqual(['second-alias']);
  });

  it('repeats a v4 correlation id and makes one up otherwise', async () => {
    const given = '5f0c8a55-1b1c-4d0f-9a36-0d6c6b7d5a11';
    const echo = await manager.call('GET', '/keys', undefined, { headers: { 'correlation-id': given } });
    expect(echo.headers.get('correlation-id')).toBe(given);
    const made = await manager.call('GET', '/keys/nothing', undefined, { headers: { 'correlation-id': 'x' } });
    expect(made.headers.get('correlation-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });
});

describe('listing', () => {
  let other: KmsClient;
  let ids: string[];

  beforeAll(async () => {
    const full = await cloud.seed();
    other = new KmsClient(full, await cloud.userWith(full, ['Manager']));
    ids = [];
    for (let n = 0; n < 205; n++) ids.push(await other.create({ name: `vmware_kmip_${n}`, extractable: n % 2 === 0 }));
    await other.call('DELETE', `/keys/${ids[0]!}`);
  });

  const list = async (query: string): Promise<Record<string, unknown>[]> =>
    resourcesOf(await other.call('GET', `/keys?${query}`));

  it('pages by id without gaps or repeats, 200 at a time unless told', async () => {
    const first = await list('');
    const second = await list('offset=200');
    expect([first.length, second.length]).toEqual([200, 5]);
    const all = [...first, ...second].map(({ id }) => id as string);
    expect(all).toEqual([...all].sort());
    expect(new Set(all)).toEqual(new Set([other.tenant.rootKey.id, ...ids.slice(1)]));
    expect(await list('limit=5000')).toHaveLength(205);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=5001', 'limit'],
    ['limit=ten', 'limit'],
    ['offset=-1', 'offset'],
    ['state=4', 'state'],
    ['state=1&filter=state%3D1', 'state'],
    ['extractable=yes', 'extractable'],
    ['sort=name', 'sort'],
    ['filter=colour%3Dred', 'filter'],
    ['search=exact:', 'search'],
  ])('refuses ?%s', async (query, name) => {
    const answer = await other.call('GET', `/keys?${query}`);
    expect(outcome(answer)).toBe('400 INVALID_QUERY_PARAM_ERR');
    const [reason] = firstResource(answer)['reasons'] as { target: object }[];
    expect(reason!.target).toEqual({ type: 'query_param', name });
  });

  it.each([
    ['state=5', 1],
    ['state=1,5&limit=5000', 206],
    ['extractable=true', 102],
    ['extractable=false', 103],
    ['filter=extractable%3Dtrue%20state%3D5', 1],
    ['filter=deletionDate%3Dnone&limit=5000', 205],
    ['filter=creationDate%3Dlt:2020-01-01T00:00:00Z', 0],
    ['search=VMWARE_kmip_20', 6],
    ['search=exact:vmware_kmip_20', 1],
    ['search=not:vmware&limit=5000', 1],
    ['search=escape:exact:', 0],
  ])('?%s finds %d', async (query, count) => {
    expect(await list(query)).toHaveLength(count);
    if (!query.startsWith('search')) {
      const head = await other.call('HEAD', `/keys?${query}`);
      expect(head.headers.get('key-total')).toBe(String(count));
    }
  });

  it('sorts descending', async () => {
    const created = (await list('sort=-id&limit=5000')).map(({ id }) => id as string);
    expect(created).toEqual([...created].sort().reverse());
  });
});

describe('key rings', () => {
  it('are made, listed, moved into, and deleted only when empty', async () => {
    expect((await manager.call('POST', '/key_rings/keks')).status).toBe(201);
    expect(outcome(await manager.call('POST', '/key_rings/keks'))).toBe('409 KEY_RING_NOT_UNIQUE_ERR');
    expect(outcome(await manager.call('POST', '/key_rings/x'))).toBe('400 INVALID_FIELD_ERR');
    expect(resourcesOf(await manager.call('GET', '/key_rings')).map(({ id }) => id)).toEqual(['default', 'keks']);
    const id = await manager.create({ name: 'moving' });
    expect(outcome(await manager.call('PATCH', `/keys/${id}`, { keyRingID: 'nowhere' }))).toBe(
      '404 KEY_RING_NOT_FOUND_ERR',
    );
    const moved = await manager.call('PATCH', `/keys/${id}`, { keyRingID: 'keks' });
    expect(firstResource(moved)['keyRingID']).toBe('keks');
    const ringed = await manager.call('GET', '/keys', undefined, { headers: { 'x-kms-key-ring': 'keks' } });
    expect(resourcesOf(ringed)).toHaveLength(1);
    expect(outcome(await manager.call('DELETE', '/key_rings/keks'))).toBe('409 KEY_RING_NOT_EMPTY_ERR');
    await manager.call('DELETE', `/keys/${id}`);
    expect((await manager.call('DELETE', '/key_rings/keks?force=true')).status).toBe(204);
    expect(outcome(await manager.call('DELETE', '/key_rings/keks'))).toBe('404 KEY_RING_NOT_FOUND_ERR');
  });

  it.each([
    ['hs-crypto', '409 KEY_QUOTA_ERR'],
    ['kms', '201'],
  ])('number as many as %s holds, deleted ones not counted', async (serviceName, answer) => {
    const tiny = await cloud.seed({ instance: { serviceName } });
    const client = new KmsClient(tiny, await cloud.userWith(tiny, ['Manager']));
    const add = () => client.call('POST', '/keys', envelope({ name: 'kek', extractable: true, payload: base64(32) }));
    await cloud.setUp('POST', '/settings', { hpcsKeys: 3 });
    const ids: unknown[] = [];
    // The root key is one of them.
    for (let n = 1; n < 3; n++) ids.push(firstResource(await add())['id']);
    expect(outcome(await add())).toBe(answer);
    await client.call('DELETE', `/keys/${String(ids[0])}`);
    expect((await add()).status).toBe(201);
    await cloud.setUp('POST', '/settings', { hpcsKeys: 50_000 });
  });

  it('number 50 at most', async () => {
    const small = await cloud.seed();
    const client = new KmsClient(small, await cloud.userWith(small, ['Manager']));
    for (let n = 1; n < 50; n++) expect((await client.call('POST', `/key_rings/ring-${n}`)).status).toBe(201);
    expect(outcome(await client.call('POST', '/key_rings/ring-50'))).toBe('409 KEY_RING_QUOTA_ERR');
  });
});
