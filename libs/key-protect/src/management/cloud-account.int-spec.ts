import { Secret } from '@lib/kernel';
import { type LoopbackServer, startLoopbackServer } from '@lib/testing';
import { inspect } from 'node:util';

import { CloudAccount } from './cloud-account';

const API_KEY = 'canary-api-key-4711';
const GUID = '0d8e1b3a-6d7e-4e51-9c38-6f1f2ad20b55';
const crn = (service: string, guid = GUID): string => `crn:v1:bluemix:public:${service}:eu-de:a/acc:${guid}::`;

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

describe('CloudAccount', () => {
  let server: LoopbackServer;
  let account: CloudAccount;
  const seen: { url: string | undefined; headers: Record<string, unknown> }[] = [];
  /** By path; undefined never answers. */
  let answers: Record<string, Answer | undefined> = {};

  beforeAll(async () => {
    server = await startLoopbackServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers });
      const answer = answers[request.url ?? ''];
      if (answer === undefined) return;
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body));
    });
  });
  const open = (timeoutMs?: number): Promise<CloudAccount> => {
    const options = {
      iamUrl: server.origin,
      resourceControllerUrl: server.origin,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      requestToken: () => Promise.resolve({ accessToken: 'token', lifetimeMs: 1_000 }),
    };
    return CloudAccount.open(options, Secret.fromText(API_KEY));
  };
  beforeEach(async () => {
    seen.splice(0);
    account = await open();
  });
  afterAll(() => server.close());

  const DETAILS = '/v1/apikeys/details';
  const record = { id: 'ApiKey-1', name: 'kmip', iam_id: 'iam-ServiceId-1', account_id: 'acc', locked: false };

  it.each([
    ['of a service ID', record, { ofServiceId: true, locked: false, disabled: false }],
    ['of a person', { ...record, iam_id: 'IBMid-1' }, { ofServiceId: false }],
    [
      'that is locked and ends',
      { ...record, locked: true, expires_at: '2027-01-01T00:00:00Z' },
      { locked: true, expiresAt: new Date('2027-01-01T00:00:00Z') },
    ],
  ])('describes a key %s', async (_what, body, expected) => {
    answers = { [DETAILS]: { status: 200, body } };
    await expect(account.describeApiKey()).resolves.toMatchObject({
      iamId: body.iam_id,
      accountId: 'acc',
      ...expected,
    });
    expect(seen[0]?.headers).toMatchObject({ 'iam-apikey': API_KEY, authorization: 'Bearer token' });
  });

  const FIRST = '/v2/resource_instances?type=service_instance&limit=100';
  const instance = (service: string, endpoints?: unknown) => ({
    guid: GUID,
    crn: crn(service),
    name: service,
    state: 'active',
    ...(endpoints === undefined ? {} : { extensions: { endpoints } }),
  });

  it('lists key managers of all pages and nothing else', async () => {
    answers = {
      [FIRST]: {
        status: 200,
        body: {
          resources: [instance('kms', { public: 'https://eu-de.kms.cloud.ibm.com' }), instance('cloud-object-storage')],
          next_url: 'https://evil.example/v2/resource_instances?start=two&limit=100',
        },
      },
      [`${FIRST}&start=two`]: {
        status: 200,
        body: { resources: [instance('hs-crypto', { public: 7 })], next_url: null },
      },
    };
    expect(await account.listKeyManagers()).toEqual([
      {
        guid: GUID,
        crn: crn('kms'),
        name: 'kms',
        kind: 'key_protect',
        region: 'eu-de',
        state: 'active',
        endpoints: { public: 'https://eu-de.kms.cloud.ibm.com' },
      },
      {
        guid: GUID,
        crn: crn('hs-crypto'),
        name: 'hs-crypto',
        kind: 'hpcs',
        region: 'eu-de',
        state: 'active',
        endpoints: {},
      },
    ]);
  });

  it('stops at a list without an end', async () => {
    const endless = { status: 200, body: { resources: [], next_url: '/x?start=again' } };
    answers = { [FIRST]: endless, [`${FIRST}&start=again`]: endless };
    expect(await account.listKeyManagers()).toEqual([]);
    expect(seen).toHaveLength(20);
  });

  it.each<[string, Answer, string | undefined]>([
    ['a key manager', { status: 200, body: instance('kms') }, 'key_protect'],
    ['another service', { status: 200, body: instance('codeengine') }, undefined],
    ['what may not be seen', { status: 404, body: {} }, undefined],
    ['what was removed', { status: 410, body: {} }, undefined],
  ])('finds %s', async (_what, answer, kind) => {
    answers = { [`/v2/resource_instances/${GUID}`]: answer };
    expect((await account.findKeyManager(GUID))?.kind).toBe(kind);
  });

  it.each<[string, Answer | undefined, string]>([
    ['401', { status: 401, body: {} }, 'permission_denied'],
    ['403', { status: 403, body: {} }, 'permission_denied'],
    ['404', { status: 404, body: {} }, 'refused'],
    ['429', { status: 429, body: {} }, 'rate_limited'],
    ['503', { status: 503, body: {} }, 'unavailable'],
    ['an odd answer', { status: 200, body: { iam_id: 7 } }, 'unavailable'],
    ['a redirect', { status: 302, body: {}, headers: { location: '/stolen' } }, 'refused'],
    ['silence', undefined, 'timeout'],
  ])('tells %s apart and shows no key', async (_what, answer, fault) => {
    answers = { [DETAILS]: answer };
    // Only silence may run into a short limit: an answer takes as long as a busy machine needs.
    if (answer === undefined) account = await open(150);
    const error: unknown = await account.describeApiKey().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'KeyManagerError', fault });
    expect(inspect(error, { depth: 10 })).not.toMatch(/canary|token/);
    expect(seen).toHaveLength(1);
  });
});
