import { type DiscoveryService } from '@nestjs/core';
import fastify, { type FastifyInstance } from 'fastify';

import { OsbSpace } from '../broker/http/osb-space';
import { EarlyRefusals } from './early-refusals';
import { type RouteSpace, RouteSpaces } from './route-space';
import { TenantSpace } from './tenant-space';

const unused = undefined as never;

interface Marked {
  readonly prefixes: readonly string[];
  readonly instance: RouteSpace;
}

/** As Nest finds them among the providers. */
function spacesOf(...marked: readonly Marked[]): RouteSpaces {
  const discovery = {
    getProviders: () => marked,
    getMetadataByDecorator: (_decorator: unknown, { prefixes }: Marked) => prefixes,
  };
  return new RouteSpaces(discovery as unknown as DiscoveryService);
}

describe('what Fastify refuses before any route is asked', () => {
  let server: FastifyInstance;

  beforeAll(() => {
    const early = new EarlyRefusals();
    server = fastify({ routerOptions: { maxParamLength: 20 }, frameworkErrors: early.answer });
    early.of(
      spacesOf(
        { prefixes: ['/v1'], instance: new TenantSpace(unused, unused, unused, unused, 'https://kmip.example.com') },
        { prefixes: ['/v2', '/bluemix_v1'], instance: new OsbSpace(unused, unused) },
      ),
    );
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
