import { request as httpRequest } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type Provider } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { systemClock, toInstanceId } from '@lib/kernel';
import { FakeIam } from '@lib/testing';

import { IamKeySet, keysFrom } from '../auth/iam-key-set';
import { LocalRoleMap } from '../auth/local-role-map';
import { TokenVerifier } from '../auth/token-verifier';
import { AUTHORIZER } from '../auth/tokens';
import { ApiExplorerController } from './api-explorer.controller';
import { type CallerCredentials } from './caller-credentials';
import { type RecordedCall } from './call-trail';
import { type ApiDocument, loadApiDocument } from './openapi/document';
import { RateLimiter } from './rate-limiter';
import { FakeController, MINE, start, TAG } from './tenant-api.fixture';
import {
  ADDRESS_LIMITER,
  ANSWER_OBSERVER,
  API_DOCUMENT,
  CALL_RECORDER,
  CALLER_CREDENTIALS,
  CALLER_LIMITER,
  INSTANCE_DIRECTORY,
  PUBLIC_URL,
} from './tokens';

const FOREIGN = '22222222-2222-4222-8222-222222222222';
const OPERATIONS = [
  'list_instances',
  'get_instance',
  'create_instance_certificate_claim',
  'update_instance_client_certificate',
  'delete_instance_client_certificate',
  'get_instance_audit_log',
  'set_instance_credential',
];

interface Sent {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly body: {
    errors: { code: string; more_info: string; target?: { name: string } }[];
    trace: string;
    status_code: number;
  };
}

const verifierOf = (iam: FakeIam): TokenVerifier =>
  new TokenVerifier(new IamKeySet(keysFrom(iam.url), systemClock), iam.issuer, systemClock);

const credentials: CallerCredentials = { of: ({ headers }) => Promise.resolve(headers.authorization) };
const BY_HEADER = { provide: CALLER_CREDENTIALS, useValue: credentials };

describe('the routes of the tenant API', () => {
  let iam: FakeIam;
  let app: NestFastifyApplication;
  let port: number;
  let token: string;
  let limiter: RateLimiter;
  let controller: FakeController;
  const failures: unknown[] = [];
  const records: string[] = [];
  let auditDown = false;
  let disabled = false;

  beforeAll(async () => {
    iam = await FakeIam.start();
    token = await iam.token();
    const source = loadApiDocument();
    const document = { ...source, operations: source.operations.filter(({ id }) => OPERATIONS.includes(id)) };
    limiter = new RateLimiter({ perSecond: 0.001, burst: 3 }, systemClock);
    const plenty = new RateLimiter({ perSecond: 1e6, burst: 1e6 }, systemClock);
    const given: Provider[] = [
      { provide: API_DOCUMENT, useValue: document },
      { provide: TokenVerifier, useValue: verifierOf(iam) },
      {
        provide: AUTHORIZER,
        useValue: new LocalRoleMap([
          { iamId: 'IBMid-000000USER', accountId: 'account-1', roles: ['manager'] },
          { iamId: 'IBMid-VIEWER', accountId: 'account-1', roles: ['viewer'] },
        ]),
      },
      {
        provide: INSTANCE_DIRECTORY,
        useValue: {
          find: (id: string) =>
            Promise.resolve(
              [MINE, FOREIGN].includes(id)
                ? {
                    instanceId: toInstanceId(id),
                    accountId: id === MINE ? 'account-1' : 'account-2',
                    crn: `crn:${id}`,
                    writable: !disabled,
                  }
                : undefined,
            ),
        },
      },
      {
        provide: CALL_RECORDER,
        useValue: {
          record: ({ operationId, outcome, reason = '' }: RecordedCall) => {
            if (auditDown) return Promise.reject(new Error('audit store down'));
            records.push(`${operationId} ${outcome} ${reason}`.trim());
            return Promise.resolve();
          },
        },
      },
      { provide: ADDRESS_LIMITER, useValue: plenty },
      {
        provide: CALLER_LIMITER,
        useValue: {
          take: (caller: string) => (caller.includes('LIMITED') ? limiter.take(caller) : 0),
          limitHeaders: (seconds: number) => limiter.limitHeaders(seconds),
        },
      },
      BY_HEADER,
      { provide: PUBLIC_URL, useValue: 'https://api.example.com' },
      {
        provide: ANSWER_OBSERVER,
        useValue: { answered: () => undefined, failed: (error: unknown) => failures.push(error) },
      },
    ];
    app = await start(given, [FakeController, ApiExplorerController]);
    controller = app.get(FakeController);
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as AddressInfo).port;
  });

  afterAll(async () => {
    await app.close();
    await iam.stop();
  });

  beforeEach(() => {
    controller.calls.length = 0;
    controller.changes = 0;
    failures.length = 0;
    records.length = 0;
  });

  function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent: false,
          headers: { authorization: `Bearer ${token}`, ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            let parsed: unknown;
            try {
              parsed = JSON.parse(text);
            } catch {
              parsed = undefined;
            }
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              body: parsed as Sent['body'],
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  const json = { 'content-type': 'application/json' };
  const patch = { 'content-type': 'application/merge-patch+json', 'if-match': `"${TAG}"` };
  const CLAIMS = `/v1/instances/${MINE}/certificate_claims`;
  const CERTIFICATE = `/v1/instances/${MINE}/client_certificates/${MINE}`;
  const codes = (answer: Sent): string =>
    `${answer.status} ${answer.body.errors.map(({ code, target }) => (target ? `${code} ${target.name}` : code)).join()}`;

  it.each<[string, string, string, Record<string, string>, string | undefined, string]>([
    ['no token', 'GET', '/v1/instances', { authorization: '' }, undefined, '401 unauthenticated Authorization'],
    [
      'no token on an unknown path',
      'GET',
      '/v1/x',
      { authorization: 'x' },
      undefined,
      '401 unauthenticated Authorization',
    ],
    [
      'no token with a wrong method',
      'PUT',
      '/v1/instances',
      { authorization: 'x' },
      undefined,
      '401 unauthenticated Authorization',
    ],
    [
      'no token with the prefix spelled otherwise',
      'GET',
      `/%76%31/instances/${MINE}`,
      { authorization: 'x' },
      undefined,
      '401 unauthenticated Authorization',
    ],
    [
      'no token on the prefix itself',
      'GET',
      '/v1',
      { authorization: 'x' },
      undefined,
      '401 unauthenticated Authorization',
    ],
    ['an unknown path', 'GET', '/v1/nothing', {}, undefined, '404 not_found'],
    ['a trailing slash', 'GET', '/v1/instances/', {}, undefined, '404 not_found'],
    ['a wrong method', 'PUT', '/v1/instances', {}, undefined, '405 method_not_allowed'],
    ['OPTIONS', 'OPTIONS', '/v1/instances', {}, undefined, '405 method_not_allowed'],
    ['a long URI', 'GET', `/v1/instances?x=${'a'.repeat(8000)}`, {}, undefined, '414 uri_too_long'],
    ['a long id', 'GET', `/v1/instances/${'a'.repeat(2000)}`, {}, undefined, '404 not_found'],
    ['a strange id', 'GET', '/v1/instances/a%00b', {}, undefined, '404 not_found'],
    ['a traversal', 'GET', '/v1/instances/..%2f..%2fetc', {}, undefined, '404 not_found'],
    [
      'an unknown instance',
      'GET',
      '/v1/instances/33333333-3333-4333-8333-333333333333',
      {},
      undefined,
      '404 not_found',
    ],
    ['an unknown parameter', 'GET', '/v1/instances?nothing=1', {}, undefined, '400 unknown_parameter nothing'],
    ['a parameter twice', 'GET', '/v1/instances?limit=1&limit=2', {}, undefined, '400 duplicate_parameter limit'],
    ['a word for a number', 'GET', '/v1/instances?limit=ten', {}, undefined, '400 invalid_parameter limit'],
    ['a number too high', 'GET', '/v1/instances?limit=101', {}, undefined, '400 invalid_parameter limit'],
    ['a fraction', 'GET', '/v1/instances?limit=1.5', {}, undefined, '400 invalid_parameter limit'],
    ['a bad escape', 'GET', '/v1/instances?limit=%zz', {}, undefined, '400 invalid_parameter limit'],
    [
      'an Accept that cannot be met',
      'GET',
      '/v1/instances',
      { accept: 'text/html' },
      undefined,
      '406 not_acceptable Accept',
    ],
    [
      'a table wanted of the log',
      'GET',
      `/v1/instances/${MINE}/audit_log`,
      { accept: 'text/csv' },
      undefined,
      '406 not_acceptable Accept',
    ],
    ['text', 'POST', CLAIMS, { 'content-type': 'text/plain' }, '{}', '415 unsupported_media_type Content-Type'],
    ['no media type', 'POST', CLAIMS, {}, '{}', '415 unsupported_media_type Content-Type'],
    ['no body', 'POST', CLAIMS, json, undefined, '400 invalid_body'],
    ['an array', 'POST', CLAIMS, json, '[]', '400 invalid_body'],
    ['null', 'POST', CLAIMS, json, 'null', '400 invalid_body'],
    ['half a body', 'POST', CLAIMS, json, '{"kind":', '400 invalid_body'],
    ['a missing field', 'POST', CLAIMS, json, '{"kind":"subject"}', '400 missing_field value'],
    [
      'an unknown field',
      'POST',
      CLAIMS,
      json,
      '{"kind":"subject","value":"x","admin":true}',
      '400 unknown_field admin',
    ],
    [
      'a repeated field',
      'POST',
      CLAIMS,
      json,
      '{"kind":"subject","value":"x","value":"y"}',
      '400 duplicate_field value',
    ],
    [
      '__proto__',
      'POST',
      CLAIMS,
      json,
      '{"__proto__":{"a":1},"kind":"subject","value":"x"}',
      '400 unknown_field __proto__',
    ],
    [
      'constructor',
      'POST',
      CLAIMS,
      json,
      '{"constructor":{"prototype":{}},"kind":"subject","value":"x"}',
      '400 unknown_field constructor',
    ],
    ['a number for text', 'POST', CLAIMS, json, '{"kind":"subject","value":7}', '400 invalid_field value'],
    ['null for text', 'POST', CLAIMS, json, '{"kind":"subject","value":null}', '400 invalid_field value'],
    ['NUL in text', 'POST', CLAIMS, json, String.raw`{"kind":"subject","value":"a\u0000"}`, '400 invalid_field value'],
    ['a word outside the list', 'POST', CLAIMS, json, '{"kind":"all","value":"x"}', '400 invalid_field kind'],
    ['depth', 'POST', CLAIMS, json, `{"kind":${'['.repeat(40)}${']'.repeat(40)}}`, '400 invalid_body'],
    ['a megabyte and more', 'POST', CLAIMS, json, `{"kind":"${'x'.repeat(1_048_577)}"}`, '413 body_too_large'],
    [
      'the wrong patch type',
      'PATCH',
      CERTIFICATE,
      { ...patch, ...json },
      '{}',
      '415 unsupported_media_type Content-Type',
    ],
    [
      'no If-Match',
      'PATCH',
      CERTIFICATE,
      { 'content-type': patch['content-type'] },
      '{}',
      '400 missing_header If-Match',
    ],
    ['a malformed If-Match', 'PATCH', CERTIFICATE, { ...patch, 'if-match': 'x' }, '{}', '400 invalid_header If-Match'],
    [
      'an older version',
      'PATCH',
      CERTIFICATE,
      { ...patch, 'if-match': '"zzzzzzzzzzzzzzzz"' },
      '{}',
      '412 precondition_failed If-Match',
    ],
    [
      'an unknown dry run',
      'PUT',
      `/v1/instances/${MINE}/credential`,
      { ...json, 'ibm-api-dry-run': 'maybe' },
      '{}',
      '400 invalid_header IBM-API-Dry-Run',
    ],
    [
      'a dry run of what has none',
      'DELETE',
      CERTIFICATE,
      { 'ibm-api-dry-run': 'validate' },
      '',
      '400 invalid_header IBM-API-Dry-Run',
    ],
  ])('refuses %s', async (_name, method, path, headers, body, expected) => {
    const answer = await send(method, path, headers, body);
    expect(codes(answer)).toBe(expected);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.body.status_code).toBe(answer.status);
    expect(answer.body.trace).toBe(answer.headers['x-correlation-id']);
    expect(controller.calls).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('says what is allowed, and how to authenticate', async () => {
    expect((await send('PUT', CERTIFICATE)).headers['allow']).toBe('PATCH, DELETE');
    expect((await send('PUT', '/v1/instances?x=1')).headers['allow']).toBe('GET, HEAD');
    expect((await send('GET', '/v1/instances', { authorization: '' })).headers['www-authenticate']).toContain('Bearer');
  });

  it('reads typed parameters, with the default of the document', async () => {
    expect((await send('GET', '/v1/instances?limit=7')).status).toBe(200);
    expect((await send('GET', '/v1/instances')).status).toBe(200);
    expect(controller.calls.map(({ query }) => query)).toEqual([{ limit: 7 }, { limit: 50 }]);
  });

  it('answers 404 for an instance of another account and remembers who asked', async () => {
    const foreign = await send('GET', `/v1/instances/${FOREIGN}`);
    const unknown = await send('GET', '/v1/instances/33333333-3333-4333-8333-333333333333');
    expect(foreign.status).toBe(404);
    expect(foreign.body.errors).toEqual(unknown.body.errors);
    expect(records).toEqual(['get_instance failure not_found']);
  });

  it('answers 403 to somebody who may see the instance, 404 to others, before it looks at the body', async () => {
    const viewer = { ...json, authorization: `Bearer ${await iam.token({ iamId: 'IBMid-VIEWER' })}` };
    const nobody = { ...json, authorization: `Bearer ${await iam.token({ iamId: 'IBMid-NOBODY' })}` };
    expect(codes(await send('POST', CLAIMS, viewer, '{"a":1,"a":2}'))).toBe('403 forbidden');
    expect(codes(await send('POST', CLAIMS, nobody, '{"a":1,"a":2}'))).toBe('404 not_found');
    expect(codes(await send('GET', `/v1/instances/${MINE}`, nobody))).toBe('404 not_found');
    expect(records).toEqual([
      'create_instance_certificate_claim failure forbidden',
      'create_instance_certificate_claim failure not_found',
      'get_instance failure not_found',
    ]);
  });

  it('records reads before they are answered, refused changes, and nothing it cannot place', async () => {
    await send('GET', `/v1/instances/${MINE}`);
    await send('PATCH', CERTIFICATE, { ...patch, 'if-match': '"zzzzzzzzzzzzzzzz"' }, '{}');
    await send('DELETE', CERTIFICATE);
    await send('GET', '/v1/instances');
    await send('GET', '/v1/instances/33333333-3333-4333-8333-333333333333');
    expect(records).toEqual(['get_instance success', 'update_instance_client_certificate failure precondition_failed']);
  });

  it('lets a disabled instance be read and not changed', async () => {
    disabled = true;
    expect((await send('GET', `/v1/instances/${MINE}`)).status).toBe(200);
    expect(codes(await send('DELETE', CERTIFICATE))).toBe('403 instance_disabled');
    expect(codes(await send('POST', CLAIMS, json, '{}'))).toBe('403 instance_disabled');
    disabled = false;
    expect(controller.calls).toEqual([]);
    expect(records.at(-1)).toBe('create_instance_certificate_claim failure instance_disabled');
  });

  it('answers nothing that it cannot record', async () => {
    auditDown = true;
    const answers = [await send('GET', `/v1/instances/${MINE}`), await send('GET', `/v1/instances/${FOREIGN}`)];
    auditDown = false;
    expect(answers.map(codes)).toEqual(['500 internal_error', '500 internal_error']);
  });

  it('limits a caller and says when to come back', async () => {
    const limited = { authorization: `Bearer ${await iam.token({ iamId: 'IBMid-LIMITED' })}` };
    const answers: Sent[] = [];
    for (let n = 0; n < 4; n++) answers.push(await send('GET', '/v1/instances', limited));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const { headers = {} } = answers[3] ?? {};
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '0' });
    const freeAt = Date.now() / 1_000 + Number(headers['retry-after']);
    expect(Math.abs(Number(headers['x-ratelimit-reset']) - freeAt)).toBeLessThan(60);
    expect((await send('GET', '/v1/instances')).status).toBe(200);
  });

  it('repeats a usable X-Request-ID and never a correlation id', async () => {
    const given = { 'x-request-id': 'my-request-1', 'x-correlation-id': 'my-correlation-1' };
    const answer = await send('GET', '/v1/instances', given);
    expect(answer.headers['x-request-id']).toBe('my-request-1');
    expect(answer.headers['x-correlation-id']).not.toBe('my-correlation-1');
    expect((await send('GET', '/v1/instances', { 'x-request-id': 'short' })).headers['x-request-id']).toHaveLength(36);
  });

  it('answers ETag, and 304 to whoever has it', async () => {
    const first = await send('GET', `/v1/instances/${MINE}`);
    expect(first.headers['etag']).toBe(`"${TAG}"`);
    const second = await send('GET', `/v1/instances/${MINE}`, { 'if-none-match': `"${TAG}"` });
    expect([second.status, second.text]).toEqual([304, '']);
    expect((await send('GET', `/v1/instances/${MINE}`, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it.each([[{ ...json }], [{}], [{ 'content-type': 'text/plain' }]])(
    'ignores the body of DELETE %p',
    async (headers) => {
      const answer = await send('DELETE', CERTIFICATE, headers);
      expect([answer.status, answer.text]).toEqual([204, '']);
    },
  );

  it('tells a dry run from the real thing', async () => {
    const body = JSON.stringify({ api_key: 'x'.repeat(40) });
    await send('PUT', `/v1/instances/${MINE}/credential`, { ...json, 'ibm-api-dry-run': 'validate' }, body);
    await send('PUT', `/v1/instances/${MINE}/credential`, json, body);
    expect([controller.calls.length, controller.changes]).toEqual([2, 1]);
  });

  it('streams the audit log', async () => {
    const answer = await send('GET', `/v1/instances/${MINE}/audit_log`);
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'application/x-ndjson', '{}\n']);
  });

  it('keeps the detail of a bug to itself', async () => {
    controller.broken = true;
    const answer = await send('GET', `/v1/instances/${MINE}`);
    controller.broken = false;
    expect(codes(answer)).toBe('500 internal_error');
    expect(answer.text).not.toContain('secret detail');
    expect(String(failures[0])).toContain('secret detail');
  });

  it('notices an answer that the document does not know', async () => {
    const answer = await send('POST', CLAIMS, json, '{"kind":"subject","value":"CN=x"}');
    expect(answer.status).toBe(500);
    expect(String(failures[0])).toContain('against its document');
  });

  it('says 503 while the decision cannot be made', async () => {
    iam.down = true;
    const nobody = { take: () => 0 };
    const lost = await start(
      [
        { provide: API_DOCUMENT, useValue: { source: {}, operations: [] } satisfies ApiDocument },
        { provide: TokenVerifier, useValue: verifierOf(iam) },
        { provide: AUTHORIZER, useValue: {} },
        { provide: INSTANCE_DIRECTORY, useValue: {} },
        { provide: CALL_RECORDER, useValue: {} },
        { provide: ADDRESS_LIMITER, useValue: nobody },
        { provide: CALLER_LIMITER, useValue: nobody },
        BY_HEADER,
        { provide: PUBLIC_URL, useValue: '' },
        { provide: ANSWER_OBSERVER, useValue: { answered: () => undefined, failed: () => undefined } },
      ],
      [],
    );
    await lost.init();
    await lost.getHttpAdapter().getInstance().ready();
    const answer = await lost.inject({ url: '/v1/instances', headers: { authorization: `Bearer ${token}` } });
    iam.down = false;
    await lost.close();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
  });

  it('leaves routes beside its prefix alone', async () => {
    const answer = await send('POST', '/v2/other?unknown=1', { ...json, authorization: '' }, '{"a":1,"a":2}');
    expect([answer.status, answer.text]).toEqual([200, '{"got":{"a":2}}']);
  });

  it('leads each refusal to a page about it that needs neither token nor explorer', async () => {
    const { errors } = (await send('GET', '/v1/instances?limit=0')).body;
    const { pathname, hash } = new URL(errors[0]?.more_info ?? '');
    const page = await send('GET', pathname, { authorization: '' });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain(`id="${hash.slice(1)}"`);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text.match(/(src|href)="[^"]+"/g)).toEqual(['href="/v1/errors/page.css"', 'href="/console/"']);
    expect((await send('GET', '/v1/errors/page.css', { authorization: '' })).text).not.toMatch(/https?:\/\//);
  });

  it('serves the document and its page without a token, and nothing from elsewhere', async () => {
    const page = await send('GET', '/v1/docs', { authorization: '' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text.match(/(src|href)="[^"]+"/g)).toEqual([
      'href="/v1/docs/explorer.css"',
      'src="/v1/docs/explorer.mjs"',
      'href="/console/"',
      'href="/v1/errors"',
      'href="/v1/openapi.json"',
    ]);
    for (const path of ['/v1/docs/explorer.css', '/v1/docs/explorer.mjs']) {
      expect((await send('GET', path, { authorization: '' })).text).not.toMatch(/https?:\/\//);
    }
    const served: unknown = JSON.parse((await send('GET', '/v1/openapi.json', { authorization: '' })).text);
    expect(served).toEqual(loadApiDocument().source);
  });
});
