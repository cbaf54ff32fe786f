import { Secret } from '@lib/kernel';
import { type LoopbackServer, readBody, startLoopbackServer } from '@lib/testing';
import { inspect } from 'node:util';

import { iamTokenRequest } from './request-token';

const API_KEY = 'canary-api-key-4711';
const JWT = 'eyJhbGciOiJub25lIn0.e30.';

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

describe('iamTokenRequest', () => {
  let server: LoopbackServer;
  /** Undefined: never answers. */
  let answer: Answer | undefined;
  const seen: { url: string | undefined; body: string }[] = [];

  beforeAll(async () => {
    server = await startLoopbackServer((request, response) => {
      void readBody(request).then((body) => {
        seen.push({ url: request.url, body: body.toString() });
        if (answer === undefined) return;
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
      });
    });
  });
  beforeEach(() => {
    seen.splice(0);
    answer = { status: 503, body: '{}' };
  });
  afterAll(() => server.close());

  const request = (apiKey = API_KEY, origin = server.origin, signal = new AbortController().signal) =>
    // Only silence may run into a short limit: an answer takes as long as a busy machine needs.
    iamTokenRequest(origin, answer === undefined ? 150 : undefined)(Secret.fromText(apiKey), signal);

  it('exchanges the key for a token', async () => {
    answer = { status: 200, body: JSON.stringify({ access_token: JWT, expires_in: 3_600 }) };
    await expect(request()).resolves.toEqual({ accessToken: JWT, lifetimeMs: 3_600_000 });
    expect(seen[0]?.url).toBe('/identity/token');
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toMatchObject({
      grant_type: 'urn:ibm:params:oauth:grant-type:apikey',
      apikey: API_KEY,
    });
  });

  const iamError = (errorCode: string) => JSON.stringify({ errorCode, errorMessage: `unknown ${API_KEY}` });
  it.each<[string, Answer | undefined, string, string | undefined]>([
    ['an unknown key', { status: 400, body: iamError('BXNIM0415E') }, 'credential_rejected', 'BXNIM0415E'],
    ['a disabled key', { status: 401, body: iamError('BXNIM0420E') }, 'credential_rejected', 'BXNIM0420E'],
    ['a disabled key, newer', { status: 400, body: iamError('BXNIM0462E') }, 'credential_rejected', 'BXNIM0462E'],
    ['another code with 400', { status: 400, body: iamError('BXNIM0106E') }, 'unavailable', 'BXNIM0106E'],
    ['another code with 401', { status: 401, body: iamError('BXNIM9999E') }, 'unavailable', 'BXNIM9999E'],
    ['another code with 403', { status: 403, body: iamError('BXNIM0001E') }, 'unavailable', 'BXNIM0001E'],
    ['a key code with an outage', { status: 503, body: iamError('BXNIM0415E') }, 'unavailable', 'BXNIM0415E'],
    ['an odd code', { status: 400, body: iamError(API_KEY) }, 'unavailable', undefined],
    ['a 400 that is not of IAM', { status: 400, body: '<html>' }, 'unavailable', undefined],
    ['a limit', { status: 429, body: '{}' }, 'rate_limited', undefined],
    ['an outage', { status: 503, body: '{}' }, 'unavailable', undefined],
    ['no JSON', { status: 200, body: '<html>' }, 'unavailable', undefined],
    ['no token', { status: 200, body: '{"expires_in":3600}' }, 'unavailable', undefined],
    ['an endless answer', { status: 200, body: `{"x":"${'x'.repeat(300_000)}"}` }, 'unavailable', undefined],
    ['silence', undefined, 'timeout', undefined],
  ])('%s', async (_what, given, fault, reasonCode) => {
    answer = given;
    const error: unknown = await request().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'KeyManagerError', fault, details: { certainlyNotDone: true } });
    if (reasonCode !== undefined) expect(error).toMatchObject({ details: { reasonCode } });
    expect(inspect(error, { depth: 10 })).not.toContain(API_KEY);
    expect(seen).toHaveLength(1);
  });

  it('carries the key to no other address', async () => {
    answer = { status: 307, headers: { location: `${server.origin}/stolen` }, body: '{}' };
    await expect(request()).rejects.toMatchObject({ fault: 'unavailable' });
    expect(seen.map(({ url }) => url)).toEqual(['/identity/token']);
  });

  it('knows that IAM is not there', async () => {
    await expect(request(API_KEY, 'http://127.0.0.1:1')).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it('does not ask IAM about what cannot be a key', async () => {
    await expect(request('{apikey}')).rejects.toMatchObject({ fault: 'credential_rejected' });
    expect(seen).toHaveLength(0);
  });

  it('stops when the binding is closed', async () => {
    answer = undefined;
    const controller = new AbortController();
    const waiting = request(API_KEY, server.origin, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ fault: 'timeout' });
  });
});
