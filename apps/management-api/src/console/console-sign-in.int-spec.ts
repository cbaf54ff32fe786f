import { type Logger } from '@lib/observability';
import {
  FAKE_CLIENT,
  FakeIam,
  FakeKeyManager,
  type FakePerson,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { ConsoleBrowser } from '../../test/console-browser';
import { ACCOUNT, NOTHING_IN_THE_WAY, OTHER_ACCOUNT, TenantApiApp } from '../../test/tenant-api-app';
import { PUBLIC_URL } from '../../test/test-config';
import { LOGIN_COOKIE, SESSION_COOKIE } from './session/session-cookie';

jest.setTimeout(120_000);

const MANAGER: FakePerson = {
  iamId: 'IBMid-manager',
  accountId: ACCOUNT,
  name: 'Ada <script>',
  email: 'ada@example.com',
};

interface SessionBody {
  readonly user: { readonly iam_id: string; readonly account: string };
  readonly csrf_token: string;
  readonly expires_at: string;
  readonly idle_expires_at: string;
}

let database: TestDatabase;
let iam: FakeIam;
let api: TenantApiApp;
let other: TenantApiApp;
const logged: string[] = [];

/** Everything that is written, at the lowest level. */
const write = (...line: unknown[]): void => void logged.push(JSON.stringify(line));
const logger: Record<string, unknown> = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, write]),
);
logger['child'] = () => logger;

async function startApp(settings: Readonly<Record<string, string>> = {}): Promise<TenantApiApp> {
  return TenantApiApp.start(
    await database.openDataSource(),
    { url: `${iam.url}/identity/keys`, issuer: iam.issuer, token: (wish) => iam.token(wish) },
    new FakeKeyManager(),
    NOTHING_IN_THE_WAY,
    { logger: logger as unknown as Logger },
    {
      IAM_URL: iam.url,
      CONSOLE_CLIENT_ID: FAKE_CLIENT.id,
      CONSOLE_CLIENT_SECRET: FAKE_CLIENT.secret,
      IAM_LOGOUT_URL: 'https://iam.example.com/logout',
      ...settings,
    },
  );
}

beforeAll(async () => {
  [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
  [api, other] = await Promise.all([startApp(), startApp()]);
});
afterAll(async () => {
  await Promise.all([api.close(), other.close()]);
  await iam.stop();
  await database.close();
});
afterEach(() => {
  iam.signIn.failing = undefined;
  iam.signIn.tokenSeconds = 3_600;
  iam.signIn.withIdTokens = false;
  iam.signIn.nonce = undefined;
  iam.signIn.gate = Promise.resolve();
  const failures = [api, other].flatMap((each) => each.failures.splice(0));
  expect(failures).toEqual([]);
});

const sentTo = async (browser: ConsoleBrowser, target = '/console/instances'): Promise<string> => {
  const answer = await browser.get(`/console/login?target=${encodeURIComponent(target)}`);
  expect(answer.status).toBe(302);
  return String(answer.headers['location']);
};

async function signedIn(person = MANAGER, at = api): Promise<ConsoleBrowser> {
  const browser = new ConsoleBrowser(at);
  const back = await browser.get(iam.signIn.comeBack(await sentTo(browser), person));
  expect([back.status, back.headers['location']]).toEqual([302, '/console/instances']);
  browser.csrfToken = (await browser.get<SessionBody>('/console/api/session')).body.csrf_token;
  return browser;
}

const query = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await (await database.openAdmin()).query<Record<string, unknown>>(sql)).rows;

/** Access tokens of everybody have ended. */
const tokensEnd = async (): Promise<unknown> =>
  query(`UPDATE console_sessions SET access_expires_at = now() - interval '1 minute', refreshing_until = NULL`);

const INSTANCES = '/console/api/v1/instances';

describe('signing in', () => {
  it('goes by IAM, with state, nonce and PKCE, and comes back to the page that was wanted', async () => {
    const browser = new ConsoleBrowser(api);
    const address = new URL(await sentTo(browser, '/console/instances/7?tab=keys'));
    expect(`${address.origin}${address.pathname}`).toBe(`${iam.url}/identity/authorize`);
    const asked = Object.fromEntries(address.searchParams);
    expect(asked).toMatchObject({
      client_id: FAKE_CLIENT.id,
      redirect_uri: `${PUBLIC_URL}/console/callback`,
      response_type: 'code',
      scope: 'openid',
      code_challenge_method: 'S256',
    });
    expect(new Set([asked['state'], asked['nonce'], asked['code_challenge']]).size).toBe(3);

    const back = await browser.get(iam.signIn.comeBack(address.href, MANAGER));
    expect([back.status, back.headers['location']]).toEqual([302, '/console/instances/7?tab=keys']);
    expect(back.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-kmip4v-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    ]);
    const session = await browser.get<SessionBody>('/console/api/session');
    expect(session.body).toEqual({
      user: { iam_id: MANAGER.iamId, name: MANAGER.name, email: MANAGER.email, account: ACCOUNT },
      csrf_token: expect.stringMatching(/^[\w-]{43}$/) as string,
      expires_at: expect.any(String) as string,
      idle_expires_at: expect.any(String) as string,
      logout_url: 'https://iam.example.com/logout',
    });
    const [end, idleEnd] = [session.body.expires_at, session.body.idle_expires_at].map((at) => Date.parse(at));
    expect((end ?? 0) - Date.now()).toBeGreaterThan(7.9 * 3_600_000);
    expect((idleEnd ?? 0) - Date.now()).toBeLessThanOrEqual(1_800_000);
  });

  it('is of any process of the region, also between the way there and the way back', async () => {
    const browser = new ConsoleBrowser(api);
    const back = iam.signIn.comeBack(await sentTo(browser), MANAGER);
    const elsewhere = browser.at(other);
    expect((await elsewhere.get(back)).status).toBe(302);
    expect((await elsewhere.at(api).get(INSTANCES)).status).toBe(200);
  });

  const ELSEWHERE = [
    'https://evil.example.com/',
    '//evil.example.com',
    '/console//evil.example.com/../..//evil.example.com',
    '/console/../v1/instances',
    '/console/%2e%2e/v1',
    '/console\\..\\evil',
    '/v1/instances',
    '/console/callback?code=x',
    '/console/login?target=x',
    '/console/logout',
    '/consolex',
    'javascript:alert(1)',
    `/console/${'x'.repeat(1_000)}/${'y'.repeat(1_000)}`,
    '',
  ];
  it.each(ELSEWHERE.map((target) => [target.slice(0, 60), target]))('leads home and not to %j', async (_, target) => {
    const browser = new ConsoleBrowser(api);
    const back = await browser.get(iam.signIn.comeBack(await sentTo(browser, target), MANAGER));
    const location = String(back.headers['location']);
    expect(location).toMatch(/^\/console\//);
    const { origin, pathname } = new URL(location, PUBLIC_URL);
    expect([origin, pathname.startsWith('/console/')]).toEqual([PUBLIC_URL, true]);
    expect(['/console/', '/console//evil.example.com']).toContain(pathname);
  });

  it('cannot be gone on with in another browser: nobody is signed in as somebody else', async () => {
    const attacker = new ConsoleBrowser(api);
    const victim = new ConsoleBrowser(api);
    const link = iam.signIn.comeBack(await sentTo(attacker), { ...MANAGER, iamId: 'IBMid-attacker' });
    const answer = await victim.get(link, { 'accept-language': 'zh-CN,zh;q=0.9' });
    expect([answer.status, victim.cookies.has(SESSION_COOKIE)]).toEqual([400, false]);
    expect(answer.text).toContain('无法继续此次登录');
    // Nor when the victim is just signing in, or is signed in.
    await sentTo(victim);
    const again = iam.signIn.comeBack(await sentTo(attacker), { ...MANAGER, iamId: 'IBMid-attacker' });
    expect((await victim.get(again)).status).toBe(400);
    const busy = await signedIn();
    const third = iam.signIn.comeBack(await sentTo(attacker), { ...MANAGER, iamId: 'IBMid-attacker' });
    expect((await busy.get(third)).headers['location']).toBe('/console/');
    expect((await busy.get<SessionBody>('/console/api/session')).body.user.iam_id).toBe(MANAGER.iamId);
    expect((await attacker.get(third)).status).toBe(400);
  });

  it.each([
    ['no state', (back: string) => back.replace(/&state=.*/, '')],
    ['another state', (back: string) => back.replace(/&state=./, '&state=_')],
    ['two states', (back: string) => `${back}&state=x`],
    ['no code', (back: string) => back.replace(/code=[^&]*/, 'x=1')],
    ['a made-up code', (back: string) => back.replace(/code=[^&]*/, 'code=made-up')],
    ['another issuer', (back: string) => `${back}&iss=https://evil.example.com`],
    ['an error', (back: string) => back.replace(/code=[^&]*/, 'error=access_denied')],
  ])('is refused for %s', async (_what, spoil) => {
    const browser = new ConsoleBrowser(api);
    const answer = await browser.get(spoil(iam.signIn.comeBack(await sentTo(browser), MANAGER)));
    expect([400, 403]).toContain(answer.status);
    expect(browser.cookies.has(SESSION_COOKIE)).toBe(false);
    expect(answer.text).toContain('href="/console/login"');
  });

  it('is gone on with once', async () => {
    const browser = new ConsoleBrowser(api);
    const back = iam.signIn.comeBack(await sentTo(browser), MANAGER);
    const asked = iam.signIn.asked.length;
    const answers = await Promise.all([1, 2, 3].map(() => browser.at(api).get(back)));
    expect(answers.map(({ status }) => status).sort()).toEqual([302, 400, 400]);
    expect(iam.signIn.asked.length).toBe(asked + 1);
  });

  it('checks the nonce where IAM sends an ID token', async () => {
    iam.signIn.withIdTokens = true;
    await signedIn();
    iam.signIn.nonce = 'of another sign-in';
    const browser = new ConsoleBrowser(api);
    expect((await browser.get(iam.signIn.comeBack(await sentTo(browser), MANAGER))).status).toBe(403);
  });

  it('takes a token of nobody but the issuer', async () => {
    const { FakeIam: Another } = await import('@lib/testing');
    const stranger = await Another.start();
    const body = {
      access_token: await stranger.token({ issuer: iam.issuer }),
      refresh_token: 'x',
      token_type: 'Bearer',
    };
    iam.signIn.failing = { status: 200, body };
    const browser = new ConsoleBrowser(api);
    expect((await browser.get(iam.signIn.comeBack(await sentTo(browser), MANAGER))).status).toBe(403);
    await stranger.stop();
  });

  it.each([
    [{ status: 503, body: {} }, 503, 'IBM Cloud cannot be reached'],
    [{ status: 429, body: {} }, 503, 'IBM Cloud cannot be reached'],
    [{ status: 401, body: { errorCode: 'BXNIM0124E' } }, 503, 'IBM Cloud cannot be reached'],
    [{ status: 400, body: { errorCode: 'BXNIM0400E' } }, 403, 'You were not signed in'],
    [{ status: 200, body: { access_token: 'x' } }, 403, 'You were not signed in'],
  ])('says what is wrong when IAM answers %j', async (failing, status, text) => {
    const browser = new ConsoleBrowser(api);
    const back = iam.signIn.comeBack(await sentTo(browser), MANAGER);
    iam.signIn.failing = failing;
    const answer = await browser.get(back);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
    api.failures.length = 0;
  });

  it('ends the session that the browser had', async () => {
    const browser = await signedIn();
    const before = browser.at(api);
    const back = iam.signIn.comeBack(await sentTo(browser), MANAGER);
    expect((await browser.get(back)).status).toBe(302);
    expect(browser.cookies.get(SESSION_COOKIE)).not.toBe(before.cookies.get(SESSION_COOKIE));
    expect([(await before.get(INSTANCES)).status, (await browser.get(INSTANCES)).status]).toEqual([401, 200]);
  });

  it('does not take over a cookie that was there before', async () => {
    const browser = new ConsoleBrowser(api);
    const chosen = 'A'.repeat(43);
    browser.cookies.set(SESSION_COOKIE, chosen);
    await browser.get(iam.signIn.comeBack(await sentTo(browser), MANAGER));
    expect(browser.cookies.get(SESSION_COOKIE)).not.toBe(chosen);
    browser.cookies.set(SESSION_COOKIE, chosen);
    expect((await browser.get(INSTANCES)).status).toBe(401);
  });

  it('asks for tokens of the account whose instance is looked at', async () => {
    const browser = await signedIn();
    const id = '0f6a1f3e-0000-4000-8000-000000000001';
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:eu-de:a/${OTHER_ACCOUNT}:${id}::`;
    const mine = crn.replace(OTHER_ACCOUNT, ACCOUNT);
    const page = (name: string): string => `/console/instances/${name}`;
    for (const name of [encodeURIComponent(mine), mine, encodeURIComponent(mine.slice(0, -2))]) {
      expect((await browser.get(page(name))).headers['location']).toBe(page(id));
    }
    expect((await browser.get(`${page(encodeURIComponent(mine))}/keys`)).headers['location']).toBe(`${page(id)}/keys`);

    const login = String((await browser.get(page(encodeURIComponent(crn)))).headers['location']);
    expect(login).toBe(`/console/login?target=${encodeURIComponent(page(encodeURIComponent(crn)))}`);
    const back = await browser.get(
      iam.signIn.comeBack(String((await browser.get(login)).headers['location']), MANAGER),
    );
    expect(back.headers['location']).toBe(page(id));
    expect(iam.signIn.asked.at(-1)).toMatchObject({ account: OTHER_ACCOUNT, response_type: 'cloud_iam' });
    expect((await browser.get<SessionBody>('/console/api/session')).body.user.account).toBe(OTHER_ACCOUNT);
  });

  it('forwards addresses that were given out before there was a console', async () => {
    const browser = new ConsoleBrowser(api);
    const id = '0f6a1f3e-0000-4000-8000-000000000001';
    expect((await browser.get(`/dashboard/${id}`)).headers['location']).toBe(`/console/instances/${id}`);
    expect((await browser.get('/dashboard/%2F%2Fevil.example.com')).headers['location']).toBe(
      '/console/instances/%2F%2Fevil.example.com',
    );
  });
});

describe('a session', () => {
  it('is the caller of the tenant API, with its permissions and its errors', async () => {
    const instanceId = await api.newInstance();
    const manager = await signedIn();
    const path = `${INSTANCES}/${instanceId}`;
    const [mine, byToken] = [await manager.get(path), await api.send('GET', `/v1/instances/${instanceId}`)];
    expect([mine.status, mine.body]).toEqual([200, byToken.body]);
    const viewer = await signedIn({ iamId: 'IBMid-viewer', accountId: ACCOUNT });
    expect((await viewer.get(`${path}/keys`)).body.errors[0]?.code).toBe('forbidden');
    const stranger = await signedIn({ iamId: 'IBMid-manager', accountId: OTHER_ACCOUNT });
    for (const who of [stranger, await signedIn({ iamId: 'IBMid-nobody', accountId: ACCOUNT })]) {
      expect((await who.get(path)).status).toBe(404);
    }
    expect((await manager.get(`${path}/keys?limit=0`)).status).toBe(400);
    expect((await manager.get('/console/api/v1/nothing')).body.errors[0]?.code).toBe('not_found');
    expect((await manager.get(path)).headers['x-correlation-id']).toEqual(expect.any(String));
  });

  it('is not what a header says: neither a token of somebody else, nor none', async () => {
    const viewer = await signedIn({ iamId: 'IBMid-viewer', accountId: ACCOUNT });
    const instanceId = await api.newInstance();
    const authorization = `Bearer ${await iam.token({ iamId: 'IBMid-manager', accountId: ACCOUNT })}`;
    const keys = `${INSTANCES}/${instanceId}/keys`;
    expect((await viewer.get(keys, { authorization })).status).toBe(403);
    expect((await new ConsoleBrowser(api).get(keys, { authorization })).status).toBe(401);
    // And its cookie is nothing to the API itself.
    expect((await viewer.get(`/v1/instances/${instanceId}`)).status).toBe(401);
  });

  it.each([
    ['/console/api/v1/../../v2/catalog', 404],
    ['/console/api/v1/%2e%2e/%2e%2e/v2/catalog', 404],
    ['/console/api/v2/catalog', 404],
    ['/console/api/v1', 404],
    ['/console/api/v1/', 404],
    ['/console/api//v1/instances', 404],
    ['/console/api/', 404],
  ])('opens nothing but the tenant API: %s', async (path, status) => {
    const browser = await signedIn();
    expect((await browser.get(path)).status).toBe(status);
  });

  it('makes changes for pages of ours that know its token, and for nobody else', async () => {
    const instanceId = await api.newInstance();
    const browser = await signedIn();
    const { csrfToken: token } = browser;
    const change = (headers: Record<string, string>): Promise<number> =>
      browser
        .send('POST', `${INSTANCES}/${instanceId}/certificate_claims`, { body: { kind: 'x' }, headers })
        .then(({ status }) => status);
    // 400: it came through, and was read.
    expect(await change({ 'x-csrf-token': token })).toBe(400);
    const other = await signedIn();
    for (const wrong of ['', 'x', `${token}x`, other.csrfToken, token.toUpperCase()]) {
      expect([wrong, await change({ 'x-csrf-token': wrong })]).toEqual([wrong, 403]);
    }
    expect(await change({})).toBe(403);
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect([site, await change({ 'x-csrf-token': token, 'sec-fetch-site': site })]).toEqual([site, 403]);
    }
  });

  it('judges by the origin what does not say where it comes from', async () => {
    const browser = await signedIn();
    const logout = async (headers: Record<string, string>): Promise<number> => {
      const cookie = `${SESSION_COOKIE}=${browser.cookies.get(SESSION_COOKIE) ?? ''}`;
      const sent = { cookie, 'x-csrf-token': browser.csrfToken, ...headers };
      return (await api.send('POST', '/console/logout', { as: 'x', headers: sent })).status;
    };
    expect(await logout({})).toBe(403);
    expect(await logout({ origin: 'https://evil.example.com' })).toBe(403);
    expect(await logout({ origin: 'null' })).toBe(403);
    expect(await logout({ origin: PUBLIC_URL })).toBe(200);
  });

  it('tells nothing to pages of others', async () => {
    const browser = await signedIn();
    for (const site of ['cross-site', 'same-site']) {
      for (const path of [INSTANCES, '/console/api/session']) {
        expect((await browser.get(path, { 'sec-fetch-site': site })).status).toBe(403);
      }
    }
    expect((await browser.get(INSTANCES, { 'sec-fetch-site': 'none' })).status).toBe(200);
  });

  it('ends when one signs out, for whoever has its cookie', async () => {
    const browser = await signedIn();
    const thief = browser.at(other);
    const elsewhere = await signedIn();
    expect((await thief.get(INSTANCES)).status).toBe(200);
    const answer = await browser.post<{ location: string }>('/console/logout');
    expect(answer.body.location).toBe('/console/signed-out');
    expect(browser.cookies.has(SESSION_COOKIE)).toBe(false);
    expect([(await thief.get(INSTANCES)).status, (await elsewhere.get(INSTANCES)).status]).toEqual([401, 200]);
    expect((await thief.get('/console/api/session')).body.errors[0]?.code).toBe('unauthenticated');
    const page = (await browser.get(answer.body.location)).text;
    expect(page).toContain('still signed in to IBM Cloud');
    expect(page).toContain('href="https://iam.example.com/logout"');
    expect((await browser.post('/console/logout')).status).toBe(200);
    // Nobody else's page takes the cookie away, with or without a session.
    const foreign = await browser.post('/console/logout', { 'sec-fetch-site': 'cross-site' });
    expect([foreign.status, foreign.headers['set-cookie']]).toEqual([403, undefined]);
  });

  it('ends everywhere when one says so, and others stay', async () => {
    const browsers = [await signedIn(), await signedIn({ ...MANAGER, accountId: OTHER_ACCOUNT }), await signedIn()];
    const somebodyElse = await signedIn({ iamId: 'IBMid-viewer', accountId: ACCOUNT });
    await browsers[0]?.post('/console/logout?everywhere=true');
    const statuses = await Promise.all([...browsers, somebodyElse].map((each) => each.at(other).get(INSTANCES)));
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 401, 200]);
  });

  it('is not kept alive by what nobody causes', async () => {
    const browser = await signedIn();
    await query(`UPDATE console_sessions SET used_at = now() - interval '20 minutes'`);
    const usedAt = async (): Promise<unknown> =>
      (await query('SELECT max(used_at)::text AS at FROM console_sessions'))[0];
    const before = await usedAt();
    await browser.get('/console/api/session');
    await browser.get(INSTANCES, { 'x-background': 'true' });
    expect(await usedAt()).toEqual(before);
    await browser.get(INSTANCES);
    expect(await usedAt()).not.toEqual(before);
  });

  it('is over when it was left alone', async () => {
    const browser = await signedIn();
    await query(`UPDATE console_sessions SET used_at = now() - interval '31 minutes'`);
    expect((await browser.get(INSTANCES)).status).toBe(401);
  });
});

describe('tokens', () => {
  it('are renewed before they end, once for all who ask at that moment in all processes', async () => {
    const browser = await signedIn();
    await tokensEnd();
    const asked = iam.signIn.asked.length;
    let open = (): void => undefined;
    iam.signIn.gate = new Promise<void>((resolve) => (open = resolve));
    const everybody = Promise.all([api, other, api, other, api].map((at) => browser.at(at).get(INSTANCES)));
    while (iam.signIn.asked.length === asked) await new Promise((resolve) => setTimeout(resolve, 5));
    open();
    const answers = await everybody;
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(iam.signIn.asked.slice(asked)).toEqual([{ grant_type: 'refresh_token', account: ACCOUNT }]);
    // One of them brings the new cookie; the old one is good until the browser shows it, and a moment longer.
    const cookies = answers.flatMap(({ headers }) => headers['set-cookie'] ?? []);
    expect(cookies).toHaveLength(1);
    const before = browser.at(api);
    browser.cookies.set(SESSION_COOKIE, /=([\w-]{43});/.exec(cookies[0] ?? '')?.[1] ?? '');
    const [fresh, old] = [await browser.get(INSTANCES), await before.get(INSTANCES)];
    expect([fresh.status, old.status]).toEqual([200, 200]);
    await query(`UPDATE console_sessions SET former_until = now() - interval '1 s'`);
    expect([(await browser.get(INSTANCES)).status, (await before.get(INSTANCES)).status]).toEqual([200, 401]);
    expect((await browser.get<SessionBody>('/console/api/session')).body.csrf_token).toBe(browser.csrfToken);
  });

  it('that another process has renewed after all are taken, and the session stays', async () => {
    const browser = await signedIn();
    await tokensEnd();
    const asked = iam.signIn.asked.length;
    let open = (): void => undefined;
    iam.signIn.gate = new Promise<void>((resolve) => (open = resolve));
    const slow = browser.at(api).get(INSTANCES);
    while (iam.signIn.asked.length === asked) await new Promise((resolve) => setTimeout(resolve, 5));
    // It takes so long that another one takes over, with the same refresh token, which is good for once.
    await query(`UPDATE console_sessions SET refreshing_until = now() - interval '1 s'`);
    const quick = browser.at(other).get(INSTANCES);
    while (iam.signIn.asked.length < asked + 2) await new Promise((resolve) => setTimeout(resolve, 5));
    open();
    expect([(await slow).status, (await quick).status]).toEqual([200, 200]);
    expect((await browser.get(INSTANCES)).status).toBe(200);
  });

  it.each(['BXNIM0407E', 'BXNIM0408E', 'BXNIM0439E', 'BXNIM0400E'])(
    'that IAM does not renew any more (%s) end the session',
    async (errorCode) => {
      const browser = await signedIn();
      await tokensEnd();
      iam.signIn.failing = { status: 400, body: { errorCode, errorMessage: 'no' } };
      expect((await browser.get(INSTANCES)).body.errors[0]?.code).toBe('unauthenticated');
      iam.signIn.failing = undefined;
      expect((await browser.get('/console/api/session')).status).toBe(401);
    },
  );

  it('of a person whose sessions IAM ended are not renewed', async () => {
    const browser = await signedIn({ iamId: 'IBMid-leaver', accountId: ACCOUNT });
    iam.signIn.end('IBMid-leaver');
    expect((await browser.get(INSTANCES)).status).toBe(200);
    await tokensEnd();
    expect((await browser.get(INSTANCES)).status).toBe(401);
  });

  it.each([429, 500, 503])('stay as they are while IAM answers %d', async (status) => {
    const browser = await signedIn();
    iam.signIn.failing = { status, body: {} };
    await query(`UPDATE console_sessions SET access_expires_at = now() + interval '30 s'`);
    expect((await browser.get(INSTANCES)).status).toBe(200);
    await tokensEnd();
    const answer = await browser.get(INSTANCES);
    expect([answer.status, answer.body.errors[0]?.code]).toEqual([503, 'service_unavailable']);
    expect(answer.headers['retry-after']).toBe('5');
    iam.signIn.failing = undefined;
    await tokensEnd();
    expect((await browser.get(INSTANCES)).status).toBe(200);
    api.failures.length = 0;
  });

  it('of somebody else are not taken', async () => {
    const browser = await signedIn();
    await tokensEnd();
    const access_token = await iam.token({ iamId: 'IBMid-other', accountId: ACCOUNT });
    iam.signIn.failing = { status: 200, body: { access_token, refresh_token: 'x', token_type: 'Bearer' } };
    expect((await browser.get(INSTANCES)).status).toBe(401);
  });

  it('are nowhere but sealed in the database, and never in a log', async () => {
    const browser = await signedIn();
    await tokensEnd();
    await browser.get(INSTANCES);
    await browser.get('/console/callback?code=a-secret-code&state=a-secret-state');
    const rows = JSON.stringify(await query('SELECT s::text AS row FROM console_sessions s'));
    const secrets = [...browser.cookies.values(), browser.csrfToken, 'refresh-', 'eyJ', 'a-secret', 'Ada', '@example'];
    for (const secret of secrets) {
      expect([secret, rows.includes(secret), logged.join('\n').includes(secret)]).toEqual([secret, false, false]);
    }
    const hex = Buffer.from('eyJ').toString('hex');
    expect(rows.includes(hex)).toBe(false);
    expect(logged.join('\n')).toContain('signed in');
  });

  it('that were sealed by a key that is gone end the session', async () => {
    const browser = await signedIn();
    await query('UPDATE console_sessions SET service_key_version = 99');
    expect((await browser.get(INSTANCES)).status).toBe(401);
    expect(browser.cookies.has(LOGIN_COOKIE)).toBe(true);
  });
});

it('says that nobody can sign in where there is no client', async () => {
  const without = await startApp({ CONSOLE_CLIENT_ID: '', CONSOLE_CLIENT_SECRET: '' });
  const answer = await new ConsoleBrowser(without).get('/console/login');
  expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('CONSOLE_CLIENT_ID')]);
  expect((await new ConsoleBrowser(without).get('/console/callback?code=x&state=y')).status).toBe(400);
  await without.close();
});

it.each([
  [{ CONSOLE_CLIENT_SECRET: '' }, 'are set together'],
  [{ MANAGEMENT_PUBLIC_URL: 'http://kmip.example.com' }, 'MANAGEMENT_PUBLIC_URL with https'],
])('does not start with %j', async (settings, text) => {
  await expect(startApp(settings)).rejects.toThrow(text);
});
