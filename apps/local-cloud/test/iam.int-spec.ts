import { IamAuthenticator, NoAuthAuthenticator } from 'ibm-cloud-sdk-core';
import IamIdentityV1 from '@ibm-cloud/platform-services/iam-identity/v1';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { KmsClient, send, TestCloud, type Answer, type Tenant } from './test-cloud';

const GRANT = 'urn:ibm:params:oauth:grant-type:apikey';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let cloud: TestCloud;
let tenant: Tenant;

beforeEach(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
});
afterEach(() => cloud.close());

const exchange = (form: Record<string, string>, headers: Record<string, string> = FORM): Promise<Answer> =>
  send(`${tenant.iamUrl}/identity/token`, 'POST', new URLSearchParams(form).toString(), headers);

const tokenFor = async (apikey: string): Promise<string> =>
  ((await exchange({ grant_type: GRANT, apikey })).body as { access_token: string }).access_token;

const keySet = async (): Promise<JSONWebKeySet> =>
  (await send(`${tenant.iamUrl}/identity/keys`, 'GET')).body as JSONWebKeySet;

describe('token exchange', () => {
  it('gives a token that says who the service ID is, signed by a published key', async () => {
    const answer = await exchange({ grant_type: GRANT, apikey: tenant.apiKey.apikey });
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'ibm openid' });
    const keys = await keySet();
    expect(Object.keys(keys.keys[0]!).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n']);
    const { access_token: token } = answer.body as { access_token: string };
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: 'https://iam.cloud.ibm.com/identity',
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: keys.keys[0]!.kid });
    const { iamId } = tenant.serviceId;
    expect(payload).toMatchObject({
      iam_id: iamId,
      id: iamId,
      realmid: 'iam',
      identifier: iamId.slice('iam-'.length),
      sub: iamId.slice('iam-'.length),
      sub_type: 'ServiceId',
      account: { valid: true, bss: tenant.account.id },
      grant_type: GRANT,
      client_id: 'default',
    });
    expect(payload.exp! - payload.iat!).toBe(3600);
    expect(payload.jti).toEqual(expect.any(String));
  });

  const lock = (change: object) => (): Promise<unknown> =>
    cloud.setUp('PATCH', `/api-keys/${tenant.apiKey.id}`, change);
  it.each<[string, string, () => Promise<unknown>]>([
    ['deleted', 'BXNIM0415E', () => cloud.setUp('DELETE', `/api-keys/${tenant.apiKey.id}`)],
    ['disabled', 'BXNIM0462E', lock({ disabled: true })],
    ['locked', 'BXNIM0415E', lock({ locked: true })],
    ['expired', 'BXNIM0415E', lock({ expiresAt: '2020-01-01T00:00:00Z' })],
  ])('refuses a %s API key with 400 %s', async (_name, errorCode, spoil) => {
    await spoil();
    const answer = await exchange({ grant_type: GRANT, apikey: tenant.apiKey.apikey });
    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ errorCode })]);
    expect((answer.body as { context: object }).context).toHaveProperty('requestId');
    expect(JSON.stringify(answer.body)).not.toContain(tenant.apiKey.apikey);
  });

  it.each<[string, Record<string, string>, Record<string, string>, number, string]>([
    ['an unknown key', { grant_type: GRANT, apikey: 'x'.repeat(44) }, FORM, 400, 'BXNIM0415E'],
    ['no key', { grant_type: GRANT }, FORM, 400, 'BXNIM0109E'],
    ['no grant type', { apikey: 'x' }, FORM, 400, 'BXNIM0109E'],
    ['another grant type', { grant_type: 'password', apikey: 'x' }, FORM, 400, 'BXNIM0106E'],
    ['JSON', { grant_type: GRANT, apikey: 'x' }, { 'content-type': 'application/json' }, 415, 'BXNIM0106E'],
  ])('refuses %s', async (_name, form, headers, status, errorCode) => {
    const answer = await exchange(form, headers);
    expect([answer.status, (answer.body as { errorCode: string }).errorCode]).toEqual([status, errorCode]);
  });

  it('lasts as long as it is told', async () => {
    const short = await TestCloud.start({ tokenLifetimeSeconds: 1200 });
    const { apiKey, iamUrl } = await short.seed();
    const form = new URLSearchParams({ grant_type: GRANT, apikey: apiKey.apikey }).toString();
    const answer = await send(`${iamUrl}/identity/token`, 'POST', form, FORM);
    await short.close();
    expect(answer.body).toMatchObject({ expires_in: 1200 });
  });
});

describe('tokens at the key manager', () => {
  const list = async (token: string): Promise<number> =>
    (await new KmsClient(tenant, token).call('GET', '/keys')).status;

  it.each<[string, () => Promise<string>]>([
    [
      'expired',
      async () =>
        (
          await cloud.setUp<{ access_token: string }>('POST', '/tokens', {
            iamId: tenant.serviceId.iamId,
            expiresInSeconds: -1,
          })
        ).access_token,
    ],
    ['signed by nobody', async () => `${(await tokenFor(tenant.apiKey.apikey)).split('.').slice(0, 2).join('.')}.AAAA`],
    ['without signature', async () => `${(await tokenFor(tenant.apiKey.apikey)).split('.').slice(0, 2).join('.')}.`],
    [
      'of another cloud',
      async () => {
        const other = await TestCloud.start();
        const stranger = { iamId: tenant.serviceId.iamId, accountId: tenant.account.id };
        const { access_token: token } = await other.setUp<{ access_token: string }>('POST', '/tokens', stranger);
        await other.close();
        return token;
      },
    ],
  ])('%s: 401', async (_name, make) => expect(await list(await make())).toBe(401));

  it('alg none: 401', async () => {
    const [, payload] = (await tokenFor(tenant.apiKey.apikey)).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(await list(`${header}.${payload}.`)).toBe(401);
  });

  it('die when they are revoked, and a new one works', async () => {
    const token = await tokenFor(tenant.apiKey.apikey);
    expect(await list(token)).toBe(200);
    await cloud.setUp('POST', '/tokens/revoke');
    expect(await list(token)).toBe(401);
    expect(await list(await tokenFor(tenant.apiKey.apikey))).toBe(200);
  });

  it('outlive a rotation of the signing key, unless the old key is retired', async () => {
    const token = await tokenFor(tenant.apiKey.apikey);
    await cloud.setUp('POST', '/signing-keys/rotate', {});
    expect([await list(token), (await keySet()).keys.length]).toEqual([200, 2]);
    const newer = await tokenFor(tenant.apiKey.apikey);
    await jwtVerify(newer, createLocalJWKSet(await keySet()));
    await cloud.setUp('POST', '/signing-keys/rotate', { retire: true });
    const keys = await keySet();
    expect(keys.keys).toHaveLength(1);
    await expect(jwtVerify(newer, createLocalJWKSet(keys))).rejects.toThrow();
    expect(await list(newer)).toBe(401);
  });

  it('follow a policy that is withdrawn at once', async () => {
    const token = await tokenFor(tenant.apiKey.apikey);
    const [policy] = await cloud.setUp<{ id: string }[]>('GET', `/policies?iamId=${tenant.serviceId.iamId}`);
    await cloud.setUp('DELETE', `/policies/${policy!.id}`);
    expect(await list(token)).toBe(401);
  });
});

describe('minted tokens', () => {
  it('of a user carry the e-mail as subject and no sub_type', async () => {
    const user = await cloud.setUp<{ iamId: string }>('POST', '/users', {
      accountId: tenant.account.id,
      email: 'admin@example.com',
      name: 'Admin',
    });
    const claims = decodeJwt(await cloud.tokenOf(user.iamId));
    expect(claims).toMatchObject({ iam_id: user.iamId, realmid: 'IBMid', sub: 'admin@example.com', name: 'Admin' });
    expect(claims).not.toHaveProperty('sub_type');
  });

  it('of the resource controller carry its CRN', async () => {
    const crn = 'crn:v1:bluemix:public:resource-controller::a/bss::resource-broker:id';
    const body = { iamId: `crn-${crn}`, accountId: tenant.account.id };
    const { access_token: token } = await cloud.setUp<{ access_token: string }>('POST', '/tokens', body);
    expect(decodeJwt(token)).toMatchObject({ iam_id: `crn-${crn}`, realmid: 'crn', sub: crn, sub_type: 'CRN' });
  });
});

describe("IBM's own clients", () => {
  it('IamAuthenticator exchanges and reuses a token', async () => {
    const authenticator = new IamAuthenticator({ apikey: tenant.apiKey.apikey, url: tenant.iamUrl });
    const [first, second] = [{ headers: {} }, { headers: {} }] as { headers: Record<string, string> }[];
    await authenticator.authenticate(first!);
    await authenticator.authenticate(second!);
    expect(second!.headers).toEqual(first!.headers);
    const token = first!.headers['Authorization']!.slice('Bearer '.length);
    expect((await new KmsClient(tenant, token).call('GET', '/keys')).status).toBe(200);
  });

  it('IamAuthenticator reports a bad key by status and body', async () => {
    const authenticator = new IamAuthenticator({ apikey: 'wrong', url: tenant.iamUrl });
    await expect(authenticator.authenticate({ headers: {} })).rejects.toMatchObject({ status: 400 });
  });

  it('IamIdentityV1.getApiKeysDetails tells whose key it is', async () => {
    const expiresAt = '2099-01-01T00:00:00Z';
    await cloud.setUp('PATCH', `/api-keys/${tenant.apiKey.id}`, { expiresAt });
    const authenticator = new IamAuthenticator({ apikey: tenant.apiKey.apikey, url: tenant.iamUrl });
    const identity = new IamIdentityV1({ authenticator, serviceUrl: tenant.iamUrl });
    const { result } = await identity.getApiKeysDetails({ iamApiKey: tenant.apiKey.apikey });
    expect(result).toMatchObject({
      iam_id: tenant.serviceId.iamId,
      account_id: tenant.account.id,
      locked: false,
      disabled: false,
      expires_at: expiresAt,
    });
    await expect(identity.getApiKeysDetails({ iamApiKey: 'nobody' })).rejects.toMatchObject({ status: 404 });
    const anonymous = new IamIdentityV1({ authenticator: new NoAuthAuthenticator(), serviceUrl: tenant.iamUrl });
    await expect(anonymous.getApiKeysDetails({ iamApiKey: tenant.apiKey.apikey })).rejects.toMatchObject({
      status: 401,
    });
  });
});
