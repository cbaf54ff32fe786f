import { createHash, randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { type Answer, send, TestCloud, type Tenant } from './test-cloud';

const CLIENT = { id: 'kmip-console', secret: 'a secret of sixteen' };
const REDIRECT = 'http://127.0.0.1:8080/console/callback';
const BASIC = `Basic ${Buffer.from(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`).toString('base64')}`;

let cloud: TestCloud;
let tenant: Tenant;
let user: string;

beforeEach(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
  await cloud.setUp('POST', '/clients', { ...CLIENT, redirectUris: [REDIRECT] });
  const made = { accountId: tenant.account.id, name: '<b>Ada</b>', memberOf: ['other-account'] };
  ({ iamId: user } = await cloud.setUp<{ iamId: string }>('POST', '/users', made));
});
afterEach(() => cloud.close());

const verifier = randomBytes(32).toString('base64url');
const asked = (changes: Record<string, string | undefined> = {}): Record<string, string> => {
  const whole = {
    client_id: CLIENT.id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  return JSON.parse(JSON.stringify(whole)) as Record<string, string>;
};

const authorizeUrl = (): string => `${tenant.iamUrl}/identity/authorize`;
const look = (fields = asked(), cookie = ''): Promise<Response> =>
  fetch(`${authorizeUrl()}?${new URLSearchParams(fields).toString()}`, { redirect: 'manual', headers: { cookie } });
const signIn = (fields = asked(), as = user): Promise<Response> =>
  fetch(authorizeUrl(), { method: 'POST', body: new URLSearchParams({ ...fields, user: as }), redirect: 'manual' });

const sentTo = (answer: Response): URLSearchParams => {
  const location = new URL(answer.headers.get('location') ?? '');
  expect(`${location.origin}${location.pathname}`).toBe(REDIRECT);
  return location.searchParams;
};
const codeOf = async (fields = asked()): Promise<string> => sentTo(await signIn(fields)).get('code') ?? '';

const token = (form: Record<string, string>, authorization = BASIC): Promise<Answer> =>
  send(`${tenant.iamUrl}/identity/token`, 'POST', new URLSearchParams(form).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    authorization,
  });
const redeemed = (code: string, changes: Record<string, string> = {}): Promise<Answer> =>
  token({
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    ...changes,
  });
const refreshed = (refreshToken: string, changes: Record<string, string> = {}): Promise<Answer> =>
  token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...changes });

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token?: string;
}
const tokensOf = ({ body }: Answer): Tokens => body as Tokens;
const refusal = ({ status, body }: Answer): unknown[] => [status, (body as { errorCode: string }).errorCode];

describe('the sign-in page', () => {
  it('is found by discovery, and shows who there is as text', async () => {
    const discovery = await send(`${tenant.iamUrl}/identity/.well-known/openid-configuration`, 'GET');
    expect(discovery.body).toMatchObject({
      issuer: 'https://iam.cloud.ibm.com/identity',
      authorization_endpoint: authorizeUrl(),
    });
    const page = await (await look()).text();
    expect(page).toContain('&lt;b&gt;Ada&lt;/b&gt;');
    expect(page).not.toContain('<b>Ada');
  });

  it('sends whoever is chosen back with a code and the state', async () => {
    const back = sentTo(await signIn());
    expect(back.get('state')).toBe('state-1');
    expect(back.get('code')).toMatch(/^[\w-]{32}$/);
  });

  it('knows a browser again until it signs out', async () => {
    const cookie = (await signIn()).headers.get('set-cookie')?.split(';')[0];
    expect(sentTo(await look(asked(), cookie)).has('code')).toBe(true);
    expect((await look(asked({ prompt: 'login' }), cookie)).status).toBe(200);
    await fetch(`${tenant.iamUrl}/identity/logout`, { headers: { cookie: cookie ?? '' } });
    expect((await look(asked(), cookie)).status).toBe(200);
  });

  it.each([
    ['an unknown client', { client_id: 'someone' }],
    ['an address that is not registered', { redirect_uri: 'https://evil.example.com/console/callback' }],
    ['an address that only begins like it', { redirect_uri: `${REDIRECT}/../evil` }],
  ])('sends nobody anywhere for %s', async (_name, changes) => {
    const answers = [await look(asked(changes)), await signIn(asked(changes))];
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    }
  });

  it.each([
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no code challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a plain code challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
  ])('refuses %s', async (_name, changes, error) => {
    const back = sentTo(await signIn(asked(changes)));
    expect([back.get('error'), back.get('code'), back.get('state')]).toEqual([error, null, 'state-1']);
  });
});

describe('a code', () => {
  it('becomes tokens of the user, scoped to the client', async () => {
    const answer = await redeemed(await codeOf());
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(tokensOf(answer)).not.toHaveProperty('id_token');
    const claims = decodeJwt(tokensOf(answer).access_token);
    expect(claims).toMatchObject({
      iam_id: user,
      name: '<b>Ada</b>',
      account: { bss: tenant.account.id },
      client_id: CLIENT.id,
      scope: `openid ${CLIENT.id}`,
    });
  });

  it('brings an ID token with the nonce where that is switched on', async () => {
    await cloud.setUp('POST', '/behaviour', { idTokens: true });
    const { id_token: idToken = '' } = tokensOf(await redeemed(await codeOf()));
    const keys = (await send(`${tenant.iamUrl}/identity/keys`, 'GET')).body as JSONWebKeySet;
    const { payload } = await jwtVerify(idToken, createLocalJWKSet(keys), { audience: CLIENT.id });
    expect(payload['nonce']).toBe('nonce-1');
  });

  it('is good for once, and ends the session that it began when it comes again', async () => {
    const code = await codeOf();
    const { refresh_token: refreshToken } = tokensOf(await redeemed(code));
    expect(refusal(await redeemed(code))).toEqual([400, 'BXNIM0407E']);
    expect(refusal(await refreshed(refreshToken))).toEqual([400, 'BXNIM0439E']);
  });

  it.each([
    ['another verifier', { code_verifier: randomBytes(32).toString('base64url') }],
    ['no verifier', { code_verifier: '' }],
    ['another address', { redirect_uri: 'http://127.0.0.1:8080/' }],
  ])('is spent by %s', async (_name, changes) => {
    const code = await codeOf();
    expect(refusal(await redeemed(code, changes))).toEqual([400, 'BXNIM0407E']);
    expect(refusal(await redeemed(code))).toEqual([400, 'BXNIM0407E']);
  });

  it('is nothing to who has not the secret of its client', async () => {
    const other = `Basic ${Buffer.from(`${CLIENT.id}:another secret`).toString('base64')}`;
    const code = await codeOf();
    expect(refusal(await token({ grant_type: 'authorization_code', code }, other))).toEqual([401, 'BXNIM0124E']);
    expect((await redeemed(code)).status).toBe(200);
  });

  it('gives a token of an account that the user is a member of, and of no other', async () => {
    const answer = await redeemed(await codeOf(), { account: 'other-account' });
    expect(decodeJwt(tokensOf(answer).access_token)).toMatchObject({ account: { bss: 'other-account' } });
    expect(refusal(await redeemed(await codeOf(), { account: 'foreign' }))).toEqual([400, 'BXNIM0423E']);
  });
});

describe('a refresh token', () => {
  it('is good for once', async () => {
    const { refresh_token: first } = tokensOf(await redeemed(await codeOf()));
    const { refresh_token: second } = tokensOf(await refreshed(first));
    expect(refusal(await refreshed(first))).toEqual([400, 'BXNIM0407E']);
    expect((await refreshed(second)).status).toBe(200);
  });

  it('ends with its time, with the session and with the user', async () => {
    await cloud.setUp('POST', '/settings', { refreshTokenSeconds: 900 });
    const { refresh_token: old } = tokensOf(await redeemed(await codeOf()));
    await cloud.advance(901);
    expect(refusal(await refreshed(old))).toEqual([400, 'BXNIM0408E']);
    await cloud.advance(86_400);
    expect(refusal(await refreshed(old))).toEqual([400, 'BXNIM0439E']);

    const { refresh_token: ended } = tokensOf(await redeemed(await codeOf()));
    expect(await cloud.setUp('POST', '/login-sessions/end', { iamId: user })).toEqual({ ended: 1 });
    expect(refusal(await refreshed(ended))).toEqual([400, 'BXNIM0439E']);
  });

  it('can be struck by a fault while API keys are served', async () => {
    const { refresh_token: refreshToken } = tokensOf(await redeemed(await codeOf()));
    const fault = { match: { about: 'refresh_token' }, effect: { kind: 'status', status: 503 }, count: 1 };
    await cloud.setUp('POST', '/faults', fault);
    const grant = 'urn:ibm:params:oauth:grant-type:apikey';
    expect((await token({ grant_type: grant, apikey: tenant.apiKey.apikey })).status).toBe(200);
    expect((await refreshed(refreshToken)).status).toBe(503);
    expect((await refreshed(refreshToken)).status).toBe(200);
  });

  it.each(['', 'x', `${Buffer.from('IBMid-x y').toString('base64url')}.z`])('is not made up: %j', async (made) => {
    expect((await refreshed(made)).status).toBe(400);
  });
});
