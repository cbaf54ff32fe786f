import { tenantApi } from '@lib/tenant-api-client';

import { type Context } from '../command-line/context';
import { type Prompt } from '../command-line/prompt';
import { type Output } from '../output/output';
import { formerRootKeySetApiKey } from './former-root-key/set-api-key.command';
import { rootKeyCheck } from './root-key/check.command';
import { rootKeySet } from './root-key/set.command';

const API_KEY = 'k'.repeat(44);
const INSTANCE = 'e0a54171-0a5c-4d84-a3ab-0d1e5c0d4f30';
const CRN = 'crn:v1:bluemix:public:kms:us-south:a/a:b:key:c';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** A terminal at which nobody types, an API key in a file, and a tenant API that writes down what it is asked. */
function contextOf(answers: readonly (readonly [number, object])[]): { context: Context; asked: Asked[] } {
  const asked: Asked[] = [];
  const left = [...answers];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    asked.push({ method: request.method, path: pathname + search, body: await request.json() });
    const [status, body] = left.shift() ?? [500, {}];
    return Response.json(body, { status });
  };
  const api = tenantApi({ url: 'https://api.example', fetch, token: () => Promise.resolve('t') });
  const ask = { isPossible: true, line: () => Promise.resolve('house'), secret: () => Promise.resolve(API_KEY) };
  const context = {
    ask: ask as unknown as Prompt,
    out: { note: () => undefined, answer: () => Promise.resolve() } as unknown as Output,
    read: (file: string) =>
      Promise.resolve(Buffer.from(file === 'key.json' ? `{"apikey":"${API_KEY}"}` : `${API_KEY}\n`)),
    tenant: () => Promise.resolve({ api, instance: INSTANCE }),
  } as unknown as Context;
  return { context, asked };
}

const FORMER = { id: 'f', crn: CRN, state: 'moving', paused: false, keys_left: 3, message: 'm', replaced_at: '' };
const WANTED = [409, { errors: [{ code: 'confirmation_required', message: 'Give the name.' }] }] as const;

describe('an API key that comes with a root key', () => {
  const root = `/v1/instances/${INSTANCE}`;

  it.each([
    ['asked for', undefined],
    ['of a file', 'key.txt'],
    ['of a file as IBM Cloud makes it', 'key.json'],
  ])('is replaced for a former one: %s', async (_name, apiKeyFile) => {
    const { context, asked } = contextOf([[200, FORMER]]);
    await formerRootKeySetApiKey.run({ id: 'f', apiKeyFile, confirm: undefined }, context);
    expect(asked).toEqual([{ method: 'PATCH', path: `${root}/former_root_keys/f`, body: { api_key: API_KEY } }]);
  });

  it('is replaced by one that reaches less only with the name typed in', async () => {
    const { context, asked } = contextOf([WANTED, [200, FORMER]]);
    await formerRootKeySetApiKey.run({ id: 'f', apiKeyFile: 'key.txt', confirm: undefined }, context);
    expect(asked.map(({ path }) => path)).toEqual(
      ['', '?confirm=house'].map((end) => `${root}/former_root_keys/f${end}`),
    );
  });

  it('is bound and checked with it, and nothing is asked for where there is none', async () => {
    const check = { crn: CRN, passed: true, steps: [], checked_at: '', destroy_permitted: true };
    const { context, asked } = contextOf([[200, check]]);
    await rootKeyCheck.run({ crn: CRN, endpoint: undefined, apiKeyFile: 'key.txt' }, context);
    expect(asked).toEqual([{ method: 'POST', path: `${root}/root_key_checks`, body: { crn: CRN, api_key: API_KEY } }]);
  });

  it.each([
    ['key.txt', { crn: CRN, api_key: API_KEY }],
    [undefined, { crn: CRN }],
  ])('is bound with it: %s', async (apiKeyFile, body) => {
    const { context, asked } = contextOf([[200, { crn: CRN, health: { problems: [], warnings: [] } }]]);
    await rootKeySet.run({ crn: CRN, endpoint: undefined, apiKeyFile, dryRun: false, yes: true }, context);
    expect(asked).toMatchObject([{ method: 'PUT', path: `${root}/root_key`, body }]);
    expect(asked[0]?.body).toEqual(body);
  });
});
