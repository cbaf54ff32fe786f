import { randomUUID } from 'node:crypto';

import { parseConfig, managementApiConfig } from '@lib/config';
import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { InstanceService, registeredActions } from '@lib/tenancy';
import { startTestPostgres, type TestDatabase } from '@lib/testing';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { tenantApiModule } from '../../apps/management-api/test/tenant-api-module';
import { compiledApp } from '../../apps/management-api/test/test-app';

jest.setTimeout(60_000);

const SERVICE = 'kmip-for-vmware';
const ISSUER = 'https://iam.example.com/identity';

interface Seeded {
  readonly account: { readonly id: string };
  readonly instance: { readonly id: string; readonly crn: string; readonly endpoints: { readonly public: string } };
  readonly rootKey: { readonly id: string; readonly crn: string };
  readonly serviceId: { readonly iamId: string };
  readonly apiKey: { readonly id: string; readonly apikey: string };
  readonly iamUrl: string;
  readonly resourceControllerUrl: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly errors?: { code: string; message: string }[] };
  readonly etag: string | null;
}

/** The tenant API as it is composed for real, with IAM's decisions and the key manager from the local cloud. */
describe('tenant API against the local cloud', () => {
  let cloud: LocalCloud;
  let database: TestDatabase;
  let app: NestFastifyApplication;
  const closers: (() => Promise<unknown>)[] = [];
  let tenant: Seeded;
  let base: string;
  let instanceId: InstanceId;
  let managerToken: string;
  let managerPolicy: string;

  const admin = async <T>(path: string, body: object, method = 'POST'): Promise<T> => {
    const answer = await fetch(`${cloud.adminUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method !== 'DELETE' && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? {} : await answer.json()) as T;
  };

  const tokenOf = async (iamId: string): Promise<string> =>
    (await admin<{ access_token: string }>('/tokens', { iamId })).access_token;

  async function userWith(role: string): Promise<{ token: string; policy: string }> {
    const { iamId } = await admin<{ iamId: string }>('/users', { accountId: tenant.account.id });
    const resource = { serviceName: SERVICE, serviceInstance: instanceId };
    const { id } = await admin<{ id: string }>('/policies', { iamId, roles: [role], resource });
    return { token: await tokenOf(iamId), policy: id };
  }

  async function apiKeyWith(...roles: string[]): Promise<string> {
    const { iamId } = await admin<{ iamId: string }>('/service-ids', { accountId: tenant.account.id });
    const resource = { serviceName: 'kms', serviceInstance: tenant.instance.id };
    if (roles.length > 0) await admin('/policies', { iamId, roles, resource });
    return (await admin<{ apikey: string }>('/api-keys', { iamId })).apikey;
  }

  async function call(method: string, path: string, body?: object, headers: object = {}): Promise<Answer> {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${managerToken}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = (text === '' ? {} : JSON.parse(text)) as Answer['body'];
    return { status: answer.status, body: parsed, etag: answer.headers.get('etag') };
  }

  beforeAll(async () => {
    [cloud, database] = await Promise.all([
      createLocalCloud({ issuer: ISSUER }).then((made) => made.start()),
      startTestPostgres(),
    ]);
    closers.push(
      () => database.close(),
      () => cloud.close(),
    );
    tenant = await admin<Seeded>('/seed', { roles: ['Viewer', 'Manager'] });
    await admin('/services', { name: SERVICE, actions: registeredActions(SERVICE) });
    const dataSource = await database.openDataSource();
    const address = [tenant.instance.endpoints.public];
    const config = parseConfig(managementApiConfig, {
      IAM_URL: tenant.iamUrl,
      IAM_ISSUER: ISSUER,
      RESOURCE_CONTROLLER_URL: tenant.resourceControllerUrl,
      SERVICE_API_KEY: await apiKeyWith(),
      REGION: 'us-south',
      DATABASE_URL: 'postgres://unused@127.0.0.1/unused',
      SERVICE_KEY_FILE: '/unused',
      MANAGEMENT_PUBLIC_URL: 'https://kmip.example.com',
    });
    app = await compiledApp(
      tenantApiModule(dataSource, { ...config, keyProtectEndpoints: address, hpcsEndpoints: address }),
    );
    closers.push(() => app.close());
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`;
    const id = randomUUID();
    const crn = `crn:v1:bluemix:public:${SERVICE}:us-south:a/${tenant.account.id}:${id}::`;
    const context = { initiator: { kind: 'system', component: 'test' }, observer: 'test' } as const;
    const instances = app.get(InstanceService);
    instanceId = (await instances.create({ crn, name: 'kmip' }, { ...context, correlationId: newCorrelationId() })).id;
    ({ token: managerToken, policy: managerPolicy } = await userWith('Manager'));
  });

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  const path = (rest: string): string => `/v1/instances/${instanceId}${rest}`;
  const codes = ({ status, body }: Answer): string =>
    [status, ...(body.errors ?? []).map(({ code }) => code)].join(' ');

  it('lets IAM decide who may do what', async () => {
    const { token } = await userWith('Viewer');
    const as = { authorization: `Bearer ${token}` };
    expect((await call('GET', path(''), undefined, as)).status).toBe(200);
    expect(codes(await call('GET', path('/keys'), undefined, as))).toBe('403 forbidden');
    const stranger = await admin<{ iamId: string }>('/users', { accountId: tenant.account.id });
    const other = { authorization: `Bearer ${await tokenOf(stranger.iamId)}` };
    expect(codes(await call('GET', path(''), undefined, other))).toBe('404 not_found');
  });

  it('takes the API key of a service ID of the account, and no other', async () => {
    const user = await admin<{ iamId: string }>('/users', { accountId: tenant.account.id });
    const personal = await admin<{ apikey: string }>('/api-keys', { iamId: user.iamId });
    const elsewhere = await admin<Seeded>('/seed', {});
    const unknown = 'x'.repeat(44);
    for (const key of [personal.apikey, elsewhere.apiKey.apikey, unknown]) {
      const answer = await call('PUT', path('/credential'), { api_key: key });
      expect(codes(answer)).toBe('400 credential_rejected');
      expect(JSON.stringify(answer.body)).not.toContain(key);
    }
    const { apikey } = tenant.apiKey;
    expect(
      (await call('PUT', path('/credential'), { api_key: apikey }, { 'ibm-api-dry-run': 'validate' })).status,
    ).toBe(204);
    const set = await call('PUT', path('/credential'), { api_key: apikey });
    expect([set.status, set.body['iam_id']]).toEqual([201, tenant.serviceId.iamId]);
  });

  it('shows the key managers and root keys that the credential can see', async () => {
    const managers = await call('GET', path('/key_managers'));
    expect(managers.body['key_managers']).toMatchObject([{ id: tenant.instance.id, provider: 'key_protect' }]);
    const keys = await call('GET', path(`/key_managers/${tenant.instance.id}/root_keys`));
    expect(keys.body['root_keys']).toMatchObject([{ id: tenant.rootKey.id, state: 'active', usable: true }]);
    expect((await call('GET', path(`/key_managers/${randomUUID()}/root_keys`))).status).toBe(404);
  });

  it('performs every call and says what is missing', async () => {
    const check = async (apiKey: string): Promise<Record<string, string>> => {
      await call('PUT', path('/credential'), { api_key: apiKey });
      const { status, body } = await call('POST', path('/root_key_checks'), { crn: tenant.rootKey.crn });
      expect(status).toBe(200);
      const steps = body['steps'] as { code: string; result: string; remedy?: string }[];
      expect(steps.filter(({ result, remedy }) => result === 'failed' && !remedy)).toEqual([]);
      return Object.fromEntries([
        ...steps.map(({ code, result }) => [code, result] as const),
        ['passed', String(body['passed'])],
        ['destroy', String(body['destroy_permitted'])],
      ]);
    };
    expect(await check(tenant.apiKey.apikey)).toEqual({
      token_create: 'passed',
      key_manager_read: 'passed',
      key_manager_quota: 'passed',
      instance_policies: 'passed',
      root_key_describe: 'passed',
      root_key_wrap: 'passed',
      root_key_unwrap: 'passed',
      stored_key_create: 'passed',
      stored_key_read: 'passed',
      stored_key_delete: 'passed',
      key_versions: 'passed',
      passed: 'true',
      destroy: 'true',
    });
    expect(await check(await apiKeyWith('Reader'))).toMatchObject({ stored_key_create: 'failed', passed: 'false' });
    expect(await check(await apiKeyWith('Writer'))).toMatchObject({
      key_manager_read: 'warning',
      stored_key_delete: 'warning',
      passed: 'true',
      destroy: 'false',
    });
  });

  it('binds only what passes, and shows it', async () => {
    await call('PUT', path('/credential'), { api_key: await apiKeyWith('Reader') });
    expect(codes(await call('PUT', path('/root_key'), { crn: tenant.rootKey.crn }))).toContain(
      '400 root_key_unavailable',
    );
    await call('PUT', path('/credential'), { api_key: tenant.apiKey.apikey });
    const wrong = tenant.rootKey.crn.replace(tenant.rootKey.id, randomUUID());
    expect(codes(await call('PUT', path('/root_key'), { crn: wrong }))).toContain('400 root_key_unavailable');
    const dry = await call('PUT', path('/root_key'), { crn: tenant.rootKey.crn }, { 'ibm-api-dry-run': 'validate' });
    expect(dry.status).toBe(204);
    expect((await call('GET', path('/root_key'))).status).toBe(404);
    const bound = await call('PUT', path('/root_key'), { crn: tenant.rootKey.crn });
    expect([bound.status, bound.body['status'], bound.body['crn']]).toEqual([201, 'available', tenant.rootKey.crn]);
    expect((await call('GET', path(''))).body).toMatchObject({
      state: 'installed',
      next_step: { code: 'add_client_certificate' },
    });
    const again = await call('PUT', path('/root_key'), { crn: tenant.rootKey.crn }, { 'if-match': bound.etag ?? '' });
    expect(again.status).toBe(200);
    const stale = await call('PUT', path('/root_key'), { crn: tenant.rootKey.crn }, { 'if-match': bound.etag ?? '' });
    expect(codes(stale)).toBe('412 precondition_failed');
    expect((await call('DELETE', path('/root_key'), undefined, { 'if-match': again.etag ?? '' })).status).toBe(204);
  });

  it('forgets a role when IAM does', async () => {
    await admin(`/policies/${managerPolicy}`, {}, 'DELETE');
    // Decisions are kept as long as IAM allows; another action was not decided yet.
    expect([403, 404]).toContain((await call('GET', path('/usage_records'))).status);
  });
});
