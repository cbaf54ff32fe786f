import { randomBytes } from 'node:crypto';
import { envelope, KmsClient, reasonOf, resourcesOf, TestCloud, type Answer, type Tenant } from './test-cloud';

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
});
beforeEach(async () => {
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
});
afterAll(() => cloud.close());

const outcome = (answer: Answer): string =>
  answer.status < 300 ? 'ok' : `${answer.status} ${reasonOf(answer) ?? ''}`.trim();

function policies(...resources: object[]): object {
  const metadata = { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: resources.length };
  return { metadata, resources };
}
const policy = (type: string, enabled: boolean, attributes?: object): object => ({
  policy_type: type,
  policy_data: { enabled, ...(attributes && { attributes }) },
});
const put = (type: string, ...resources: object[]): Promise<Answer> =>
  manager.call('PUT', `/instance/policies?policy=${type}`, policies(...resources));

describe('keyCreateImportAccess', () => {
  const make = (extractable: boolean, imported: boolean): Promise<Answer> => {
    const payload = randomBytes(32).toString('base64');
    return manager.call('POST', '/keys', envelope({ name: 'made', extractable, ...(imported && { payload }) }));
  };
  const forbidden = '409 KEY_CREATE_IMPORT_ACCESS_ERR';

  it.each`
    attribute                         | root         | standard     | importedRoot | importedStandard
    ${{}}                             | ${'ok'}      | ${'ok'}      | ${'ok'}      | ${'ok'}
    ${{ create_root_key: false }}     | ${forbidden} | ${'ok'}      | ${'ok'}      | ${'ok'}
    ${{ create_standard_key: false }} | ${'ok'}      | ${forbidden} | ${'ok'}      | ${'ok'}
    ${{ import_root_key: false }}     | ${'ok'}      | ${'ok'}      | ${forbidden} | ${'ok'}
    ${{ import_standard_key: false }} | ${'ok'}      | ${'ok'}      | ${'ok'}      | ${forbidden}
    ${{ enforce_token: true }}        | ${'ok'}      | ${'ok'}      | ${forbidden} | ${forbidden}
  `('$attribute', async ({ attribute, ...expected }: { attribute: object } & Record<string, string>) => {
    expect((await put('keyCreateImportAccess', policy('keyCreateImportAccess', true, attribute))).status).toBe(204);
    expect({
      root: outcome(await make(false, false)),
      standard: outcome(await make(true, false)),
      importedRoot: outcome(await make(false, true)),
      importedStandard: outcome(await make(true, true)),
    }).toEqual(expected);
    await put('keyCreateImportAccess', policy('keyCreateImportAccess', false));
    expect(outcome(await make(true, true))).toBe('ok');
  });
});

describe('dualAuthDelete', () => {
  it('wants two people within seven days', async () => {
    await put('dualAuthDelete', policy('dualAuthDelete', true));
    const id = await manager.create({ name: 'precious' });
    const second = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager']));
    expect(outcome(await manager.call('DELETE', `/keys/${id}`))).toBe('409 AUTHORIZATIONS_NOT_MET');
    expect((await manager.call('POST', `/keys/${id}/actions/setKeyForDeletion`)).status).toBe(204);
    expect(outcome(await manager.call('DELETE', `/keys/${id}`))).toBe('409 AUTHORIZATIONS_NOT_MET');
    await cloud.advance(7 * 24 * 3600 + 1);
    expect(outcome(await second.call('DELETE', `/keys/${id}`))).toBe('409 AUTHORIZATIONS_NOT_MET');
    await manager.call('POST', `/keys/${id}/actions/setKeyForDeletion`);
    await manager.call('POST', `/keys/${id}/actions/unsetKeyForDeletion`);
    expect(outcome(await second.call('DELETE', `/keys/${id}`))).toBe('409 AUTHORIZATIONS_NOT_MET');
    await manager.call('POST', `/keys/${id}/actions/setKeyForDeletion`);
    expect((await second.call('DELETE', `/keys/${id}`)).status).toBe(204);
  });

  it('does not touch keys made before', async () => {
    const id = await manager.create({ name: 'older' });
    await put('dualAuthDelete', policy('dualAuthDelete', true));
    expect(outcome(await manager.call('POST', `/keys/${id}/actions/setKeyForDeletion`))).toBe('409 NOT_DUAL_AUTH_ERR');
    expect((await manager.call('DELETE', `/keys/${id}`)).status).toBe(204);
  });
});

it('allowedNetwork private-only closes the public host', async () => {
  await put('allowedNetwork', policy('allowedNetwork', true, { allowed_network: 'private-only' }));
  expect((await manager.call('GET', '/keys')).status).toBe(401);
  expect((await manager.call('GET', '/keys', undefined, { private: true })).status).toBe(200);
});

describe('allowedIP', () => {
  const allow = (...subnets: string[]): Promise<Answer> =>
    put('allowedIP', policy('allowedIP', true, { allowed_ip: subnets }));
  const asked = async (options = {}): Promise<string> =>
    outcome(await manager.call('GET', '/keys', undefined, options));

  it('serves the addresses that it names', async () => {
    expect((await allow('203.0.113.0/24', '127.0.0.0/8')).status).toBe(204);
    expect(await asked()).toBe('ok');
  });

  it('refuses all others as it refuses strangers, without a reason', async () => {
    expect((await allow('203.0.113.0/24', '2001:db8::/32')).status).toBe(204);
    expect(await asked()).toBe('401');
  });

  it('closes the private host, which has a port of its own for each instance then', async () => {
    await allow('127.0.0.0/8');
    expect(await asked({ private: true })).toBe('401');
  });

  it.each(['127.0.0.1', '127.0.0.0/33', 'localhost/8', '2001:db8::/129'])('does not take %s', async (subnet) => {
    expect(outcome(await allow(subnet))).toBe('400 BAD_BODY_ERR');
  });

  it('takes 1,000 subnets, and not one more', async () => {
    const subnets = Array.from({ length: 1_000 }, () => '127.0.0.0/8');
    expect(outcome(await allow(...subnets, '127.0.0.0/8'))).toBe('400 BAD_BODY_ERR');
    expect(outcome(await allow(...subnets))).toBe('ok');
  });
});

describe('the policy body', () => {
  const on = policy('dualAuthDelete', true);
  it.each<[string, string, object, string]>([
    ['an extra field', 'dualAuthDelete', policies({ ...on, extra_field: 1 }), '400 BAD_BODY_ERR'],
    ['an extra attribute', 'dualAuthDelete', policies(policy('dualAuthDelete', true, { x: 1 })), '400 BAD_BODY_ERR'],
    ['no resources', 'dualAuthDelete', { metadata: { collectionType: 'x', collectionTotal: 0 } }, '400 BAD_BODY_ERR'],
    [
      'a wrong total',
      'dualAuthDelete',
      { ...policies(on), metadata: { collectionType: 'x', collectionTotal: 2 } },
      '400 COLLECTION_TOTAL_MISMATCH_ERR',
    ],
    ['another policy than the query names', 'metrics', policies(on), '400 BODY_QUERY_PARAM_MISMATCH_ERR'],
    ['the same policy twice', 'dualAuthDelete', policies(on, on), '400 NUM_COLLECTION_RESOURCE_ERR'],
    ['an unknown policy in the query', 'badName', policies(on), '400 INVALID_QUERY_PARAM_ERR'],
  ])('with %s is refused and changes nothing', async (_name, type, body, expected) => {
    expect(outcome(await manager.call('PUT', `/instance/policies?policy=${type}`, body))).toBe(expected);
    expect((await manager.call('GET', '/instance/policies')).body).toEqual({
      metadata: { collectionType: 'application/vnd.ibm.kms.policy+json', collectionTotal: 0 },
    });
  });

  it('is shown with who changed it and when', async () => {
    await put('dualAuthDelete', on);
    const [shown] = resourcesOf(await manager.call('GET', '/instance/policies?policy=dualAuthDelete'));
    expect(shown).toMatchObject({ ...on, createdBy: expect.stringMatching(/^IBMid-/) as string });
  });
});

describe('policies of a key', () => {
  const body = (resource: object): object => policies({ type: 'application/vnd.ibm.kms.policy+json', ...resource });
  const putKey = (id: string, kind: string, resource: object): Promise<Answer> =>
    manager.call('PUT', `/keys/${id}/policies?policy=${kind}`, body(resource));

  it('rotation: 1 to 12 months, not for imported keys', async () => {
    const imported = await manager.create({
      name: 'imp',
      extractable: false,
      payload: randomBytes(32).toString('base64'),
    });
    const rotation = (months: number): object => ({ rotation: { enabled: true, interval_month: months } });
    expect(outcome(await putKey(tenant.rootKey.id, 'rotation', rotation(13)))).toBe('400 INVALID_FIELD_ERR');
    expect(outcome(await putKey(imported, 'rotation', rotation(1)))).toBe('400 INVALID_FIELD_ERR');
    expect(outcome(await putKey(tenant.rootKey.id, 'dualAuthDelete', rotation(1)))).toBe(
      '400 BODY_QUERY_PARAM_MISMATCH_ERR',
    );
    expect(outcome(await putKey(tenant.rootKey.id, 'rotation', rotation(3)))).toBe('ok');
    const [shown] = resourcesOf(await manager.call('GET', `/keys/${tenant.rootKey.id}/policies`));
    expect(shown).toMatchObject(rotation(3));
  });

  it('dualAuthDelete guards one key', async () => {
    await putKey(tenant.rootKey.id, 'dualAuthDelete', { dualAuthDelete: { enabled: true } });
    expect(outcome(await manager.call('DELETE', `/keys/${tenant.rootKey.id}`))).toBe('409 AUTHORIZATIONS_NOT_MET');
  });
});
