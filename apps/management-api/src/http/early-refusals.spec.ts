import fastify, { type FastifyInstance } from 'fastify';

import { osbEarlyRefusal } from '../broker/http/osb-error';
import { earlyRefusals } from './early-refusals';
import { tenantEarlyRefusal } from './error-translation';

describe('what Fastify refuses before any route is asked', () => {
  let server: FastifyInstance;

  beforeAll(() => {
    server = fastify({
      routerOptions: { maxParamLength: 20 },
      frameworkErrors: earlyRefusals({
        '/v1': tenantEarlyRefusal('https://kmip.example.com'),
        '/v2': osbEarlyRefusal,
        '/bluemix_v1': osbEarlyRefusal,
      }),
    });
    for (const space of ['/v1', '/v2', '/bluemix_v1', '/v22']) server.get(`${space}/things/:id`, () => 'reached');
  });
  afterAll(() => server.close());

  const long = 'a'.repeat(21);
  it.each([
    [`/v2/things/${long}`, 414, { description: 'The id in the path is too long.' }],
    ['/v2/things/%zz', 400, { description: 'The path has a malformed percent sequence.' }],
    [`/bluemix_v1/things/${long}?x=%zz`, 414, { description: 'The id in the path is too long.' }],
    [`/v1/things/${long}`, 414, { errors: [{ code: 'uri_too_long' }], status_code: 414 }],
    ['/v1/things/%zz', 400, { errors: [{ code: 'invalid_parameter' }], status_code: 400 }],
    [`/v22/things/${long}`, 414, {}],
    ['/%zz', 400, {}],
  ])('%s is answered %i in the words of its space', async (url, status, body) => {
    const answer = await server.inject({ url });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-correlation-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(answer.json()).toMatchObject(body);
    expect(answer.body).not.toContain(long);
    expect(answer.body).not.toContain('FST_ERR');
  });

  it('leaves everything else to the routes', async () => {
    expect((await server.inject({ url: '/v2/things/a' })).body).toBe('reached');
  });
});
