import { randomUUID } from 'node:crypto';
import { type OutgoingHttpHeaders, request as httpRequest } from 'node:http';

import { FakeIam, startTestPostgres, type TestDatabase, type TokenWish } from '@lib/testing';
import fc from 'fast-check';

import { type BrokerApp, BROKER_CRN, OFFER, PASSWORD, startBrokerApp, USERNAME } from '../../test/broker-app';

jest.setTimeout(120_000);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const ACCOUNT = 'a'.repeat(32);
const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const newCrn = (region = 'us-south'): string =>
  `crn:v1:bluemix:public:kmip-for-vmware:${region}:a/${ACCOUNT}:${randomUUID()}::`;

describe('the broker under load, misuse and attack', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let broker: BrokerApp;

  beforeAll(async () => {
    database = await startTestPostgres();
    iam = await FakeIam.start();
    broker = await startBrokerApp(await database.openDataSource({ role: 'api' }), iam);
  });
  afterAll(async () => {
    await broker.close();
    await iam.stop();
    await database.close();
  });
  afterEach(() => {
    expect(broker.failures.splice(0)).toEqual([]);
  });

  /** Plain HTTP, so that a path arrives as it is written. */
  const call = (
    method: string,
    path: string,
    options: { body?: string | object; headers?: Record<string, string | undefined> } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(broker.url);
      const headers = {
        authorization: basic(USERNAME, PASSWORD),
        'x-broker-api-version': '2.17',
        'content-type': 'application/json',
        ...options.headers,
      };
      const sent = JSON.parse(JSON.stringify(headers)) as OutgoingHttpHeaders;
      const request = httpRequest({ hostname, port, method, path, headers: sent, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      request.on('error', reject);
      const { body } = options;
      request.end(typeof body === 'object' ? JSON.stringify(body) : body);
    });

  const instance = (crn: string): string => `/v2/service_instances/${encodeURIComponent(crn)}`;
  const ids = (plan = 0): string => `service_id=${OFFER.serviceId}&plan_id=${OFFER.plans[plan]?.id ?? ''}`;
  const orderOf = (crn: string, parameters: object = {}, plan = 0): object => ({
    service_id: OFFER.serviceId,
    plan_id: OFFER.plans[plan]?.id,
    context: { platform: 'ibmcloud', account_id: ACCOUNT, crn },
    parameters,
  });
  const order = (crn: string, parameters: object = {}): Promise<Answer> =>
    call('PUT', `${instance(crn)}?accepts_incomplete=true`, { body: orderOf(crn, parameters) });
  const remove = (crn: string): Promise<Answer> => call('DELETE', `${instance(crn)}?${ids()}&accepts_incomplete=true`);
  const tally = (answers: readonly Answer[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  it('does nothing when it is asked for a dry run', async () => {
    const [crn, none] = [newCrn(), newCrn()];
    expect((await order(crn)).status).toBe(201);
    const binding = `${instance(crn)}/service_bindings/${randomUUID()}`;
    const headers = { 'ibm-api-dry-run': 'validate' };
    for (const [method, path, body] of [
      ['PUT', instance(none), orderOf(none)],
      ['PATCH', instance(crn), { service_id: OFFER.serviceId, parameters: { name: 'other' } }],
      ['PUT', binding, { service_id: OFFER.serviceId, plan_id: OFFER.plans[0]?.id }],
      ['DELETE', `${binding}?${ids()}`, undefined],
      ['DELETE', `${instance(crn)}?${ids()}`, undefined],
      ['PUT', `/bluemix_v1/service_instances/${encodeURIComponent(crn)}`, { enabled: false }],
    ] as const) {
      const answer = await call(method, path, { headers, ...(body && { body }) });
      expect([method, path, answer]).toMatchObject([method, path, { status: 400 }]);
      expect(answer.body['description']).toContain('no dry run');
    }
    expect((await call('GET', instance(none))).status).toBe(404);
    expect((await call('GET', instance(crn))).status).toBe(200);
  });

  describe('races', () => {
    it('makes one instance of 20 equal orders', async () => {
      const crn = newCrn();
      expect(tally(await Promise.all(Array.from({ length: 20 }, () => order(crn))))).toEqual({ 201: 1, 200: 19 });
    });

    it('lets one of 20 different orders win, and tells the others', async () => {
      const crn = newCrn();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => order(crn, { name: `n${index}` })));
      expect(tally(answers)).toEqual({ 201: 1, 409: 19 });
    });

    it('ends in one condition when orders and deletions meet', async () => {
      for (let round = 0; round < 8; round += 1) {
        const crn = newCrn();
        const answers = await Promise.all([order(crn), remove(crn), order(crn), remove(crn), order(crn)]);
        for (const { status } of answers) expect([200, 201, 410, 422]).toContain(status);
        const last = await remove(crn);
        expect([200, 410]).toContain(last.status);
        expect((await call('GET', instance(crn))).status).toBe(404);
        expect((await order(crn)).status).toBe(201);
      }
    });

    it('lets one binding be made by 10 equal requests', async () => {
      const crn = newCrn();
      await order(crn);
      const path = `${instance(crn)}/service_bindings/${encodeURIComponent(crn.replace(/::$/, ':resource-key:1'))}`;
      const bind = (): Promise<Answer> => call('PUT', path, { body: orderOf(crn) });
      expect(tally(await Promise.all(Array.from({ length: 10 }, bind)))).toEqual({ 201: 1, 200: 9 });
    });
  });

  describe('identity', () => {
    const brokerToken = (wish: TokenWish = {}): Promise<string> => {
      const iamId = wish.iamId ?? `crn-${BROKER_CRN}`;
      return iam.token({ ...wish, iamId, claims: { id: iamId, sub_type: 'CRN', ...wish.claims } });
    };
    const withToken = async (token: string): Promise<number> =>
      (await call('GET', '/v2/catalog', { headers: { authorization: `Bearer ${token}` } })).status;

    it.each<[string, TokenWish, number]>([
      ["the broker's own CRN", {}, 200],
      [
        'the CRN of another broker',
        { iamId: 'crn-crn:v1:bluemix:public:resource-controller::a/x::resource-broker:y' },
        401,
      ],
      ['a CRN that begins like ours', { iamId: `crn-${BROKER_CRN}0` }, 401],
      ['a user', { iamId: 'IBMid-1' }, 401],
      ['no CRN by its type', { claims: { sub_type: 'ServiceId' } }, 401],
      ['two identities', { claims: { id: 'IBMid-1' } }, 401],
      ['someone, but expired', { expiresIn: -60 }, 401],
      ['someone, by another issuer', { issuer: 'https://iam.example.com/identity' }, 401],
      ['someone, signed with an unknown key', { kid: 'nobody' }, 401],
      ['someone, signed with the public key as a secret', { algorithm: 'HS256' }, 401],
    ])('meets a token of %s as it should', async (_whom, wish, status) => {
      expect(await withToken(await brokerToken(wish))).toBe(status);
    });

    it.each([
      'Bearer',
      `Bearer ${'a'.repeat(10_000)}`,
      'Basic',
      'Basic ====',
      basic(USERNAME, `${PASSWORD}x`),
      basic(`${USERNAME}:`, PASSWORD),
      basic('', ''),
      'Negotiate abc',
    ])('refuses other credentials (%#)', async (authorization) => {
      const { status, headers, body } = await call('GET', '/v2/catalog', { headers: { authorization } });
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toContain('Bearer');
      expect(Object.keys(body)).toEqual(['description']);
    });
  });

  it('knows an instance by its whole CRN, with or without the empty end', async () => {
    const crn = newCrn();
    await order(crn);
    expect((await call('GET', instance(crn.replace(/::$/, '')))).status).toBe(200);
    expect((await order(crn.replace(/::$/, ''))).status).toBe(200);
    const foreign = crn.replace(ACCOUNT, 'c'.repeat(32));
    expect((await call('GET', instance(foreign))).status).toBe(404);
    expect((await order(foreign)).status).toBe(409);
    expect((await remove(foreign)).status).toBe(410);
    expect(
      (await call('PUT', instance(foreign).replace('/v2/', '/bluemix_v1/'), { body: { enabled: false } })).status,
    ).toBe(404);
    expect((await call('GET', instance(crn))).status).toBe(200);
  });

  it.each(['/v2/catalog', '/v2/nowhere', '/bluemix_v1/service_instances/x'])('knows no QUERY of %s', async (path) => {
    // Fastify takes it for a method with a body, and has an error of its own where it is not said of what type.
    const { status, body } = await call('QUERY', path, { headers: { 'content-type': undefined } });
    expect(status).toBeLessThan(500);
    expect(body['description']).toMatch(/\.$/);
  });

  it.each([
    ['another region', newCrn('eu-de'), {}],
    ['a root key without its key manager', newCrn(), { root_key_id: randomUUID() }],
    ['a key manager that is none', newCrn(), { key_manager_crn: newCrn() }],
    ['an API key where none belongs', newCrn(), { api_key: 'x'.repeat(40) }],
    ['a certificate that is none', newCrn(), { client_certificates: [{ name: 'vc', certificate: 'x'.repeat(80) }] }],
    ['a name that cannot be shown', newCrn(), { name: 'a\u0000b' }],
    ['an id that is no CRN', 'plain-id', {}],
    ['a CRN without a GUID', 'crn:v1:bluemix:public:kmip-for-vmware:us-south:a/x:abc::', {}],
  ])('refuses an order with %s and keeps nothing of it', async (_what, crn, parameters) => {
    const { status, body } = await order(crn, parameters);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toContain('xxxxxxxx');
    expect((await remove(crn)).status).toBe(410);
  });

  it('does not lower a quota below what is there, and changes nothing then', async () => {
    const crn = newCrn();
    await call('PUT', `${instance(crn)}?accepts_incomplete=true`, { body: orderOf(crn, {}, 1) });
    const admin = await database.openAdmin();
    const id = crn.split(':')[7];
    await admin.query('INSERT INTO instance_usage VALUES ($1, 10001)', [id]);
    while ((await call('GET', `${instance(crn)}/last_operation`)).body['state'] === 'in progress');
    const change = { service_id: OFFER.serviceId, plan_id: OFFER.plans[0]?.id };
    const { status, body } = await call('PATCH', `${instance(crn)}?accepts_incomplete=true`, { body: change });
    expect([status, body['error'], body['instance_usable']]).toEqual([422, 'PlanLimitExceeded', true]);
    expect((await call('GET', instance(crn))).body['plan_id']).toBe(OFFER.plans[1]?.id);
  });

  it('takes the new name of a renamed instance from the context alone', async () => {
    const crn = newCrn();
    await order(crn);
    const body = { service_id: OFFER.serviceId, context: { platform: 'ibmcloud', name: 'renamed' } };
    expect((await call('PATCH', instance(crn), { body })).status).toBe(200);
    const { rows } = await (
      await database.openAdmin()
    ).query('SELECT name FROM instances WHERE id = $1', [crn.split(':')[7]]);
    expect(rows).toEqual([{ name: 'renamed' }]);
  });

  it('refuses a binding id that would not fit into an index', async () => {
    const crn = newCrn();
    await order(crn);
    const at = (id: string): string => `${instance(crn)}/service_bindings/${encodeURIComponent(id)}`;
    expect((await call('PUT', at('b'.repeat(1_024)), { body: orderOf(crn) })).status).toBe(201);
    // Four bytes each, and chosen so that compressing does not help.
    const long = Array.from({ length: 300 }, (_, index) => String.fromCodePoint(0x1_0000 + index * 97)).join('');
    expect((await call('PUT', at(long), { body: orderOf(crn) })).status).toBe(400);
    expect((await call('DELETE', `${at(long)}?${ids()}`)).status).toBe(410);
  });

  it('has its own words for what is not JSON, too large, or nowhere', async () => {
    const at = instance(newCrn());
    const statuses = [
      await call('PUT', at, { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      await call('PUT', at, { body: '{' }),
      await call('PUT', at, { body: JSON.stringify({ x: 'y'.repeat(600_000) }) }),
      await call('GET', '/v2/nothing'),
      await call('GET', '/bluemix_v1/nothing'),
      await call('POST', at, { body: {} }),
      await call('GET', '/v2/nothing', { headers: { 'x-broker-api-version': '1.0' } }),
      await call('GET', `/v2/service_instances/${'x'.repeat(9_000)}`),
      await call('GET', '/bluemix_v1/service_instances/%zz'),
    ];
    expect(statuses.map(({ status }) => status)).toEqual([400, 400, 413, 404, 404, 404, 412, 414, 400]);
    for (const { body } of statuses) expect(typeof body['description']).toBe('string');
  });

  it('answers anything at all with less than 500', async () => {
    const crn = newCrn();
    await order(crn);
    const odd = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('null', '[]', '""', '{"context":[]}'),
    );
    const field = fc.oneof(
      fc.anything(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u0000', '\ud800', '__proto__'),
    );
    const ordered = fc.record({ service_id: fc.constant(OFFER.serviceId), plan_id: fc.constant(OFFER.plans[0]?.id) });
    const body = fc.oneof(
      odd,
      fc
        .tuple(
          ordered,
          fc.dictionary(
            fc.constantFrom(
              'context',
              'parameters',
              'bind_resource',
              'maintenance_info',
              'previous_values',
              'enabled',
              'reason_code',
              'initiator_id',
              'organization_guid',
              'space_guid',
            ),
            field,
          ),
        )
        .map(([fixed, free]) => jsonOf({ ...free, ...fixed })),
    );
    const id = fc.oneof(
      fc.constant(crn),
      fc.string({ unit: 'binary', maxLength: 300 }).map(wellFormed),
      fc.constantFrom('%00', '..', crn.toUpperCase()),
    );
    const binding = fc.oneof(fc.constant('b'), fc.string({ unit: 'binary', maxLength: 100 }).map(wellFormed));
    const suffix = fc.oneof(
      fc.constantFrom('', '/last_operation'),
      binding.map((text) => `/service_bindings/${encodeURIComponent(text)}`),
      binding.map((text) => `/service_bindings/${encodeURIComponent(text)}/last_operation`),
    );
    const query = fc.oneof(
      fc.constant(''),
      fc.constant(`?${ids()}&accepts_incomplete=true`),
      fc.webQueryParameters().map((text) => `?${text.replaceAll(/[^\x21-\x7e]/g, '')}`),
      fc.constantFrom('?operation=provision-99999999999', `?${ids()}&service_id=x`, '?operation=%00', '?service_id=%'),
    );
    const space = fc.constantFrom('/v2', '/bluemix_v1');
    const method = fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE');
    await fc.assert(
      fc.asyncProperty(space, method, id, suffix, query, body, async (prefix, verb, name, rest, search, text) => {
        const path = `${prefix}/service_instances/${encodeURIComponent(name)}${rest}${search}`;
        const { status } = await call(verb, path, verb === 'GET' ? {} : { body: text });
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 600 },
    );
  });

  it('tells an instance that is not there from one that cannot be had now', async () => {
    const away = await startBrokerApp(await database.openDataSource({ role: 'api' }), {
      url: 'http://127.0.0.1:9',
      issuer: iam.issuer,
    });
    const token = await iam.token({ iamId: `crn-${BROKER_CRN}`, claims: { sub_type: 'CRN' } });
    const answer = await fetch(`${away.url}/v2/catalog`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(503);
    await away.close();
  });
});

/** Whatever can be said in JSON. */
const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
  } catch {
    return '{}';
  }
};

const wellFormed = (text: string): string => text.replaceAll(/\p{Cs}/gu, '');
