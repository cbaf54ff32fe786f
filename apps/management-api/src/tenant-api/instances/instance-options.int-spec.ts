import { DEFAULT_OPTIONS } from '@lib/tenancy';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { TenantApiApp } from '../../../test/tenant-api-app';
import { loadApiDocument } from '../../http/openapi/document';
import { optionsResponse } from './instance-options';

jest.setTimeout(60_000);

interface OptionSchema {
  readonly type: string;
  readonly enum?: readonly string[];
}

const { components } = loadApiDocument().source as {
  readonly components: { readonly schemas: Record<string, { readonly properties: Record<string, OptionSchema> }> };
};
const documented = components.schemas['InstancePatch']?.properties ?? {};
const cases = Object.entries(documented).flatMap(([name, schema]) =>
  (schema.enum ?? [true, false]).map((value) => [name, value] as const),
);

describe('the options of an instance', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  it('are the documented ones', async () => {
    const id = await api.newInstance();
    const { body } = await api.send('GET', `/v1/instances/${id}`);
    const shown = optionsResponse(DEFAULT_OPTIONS);
    expect(Object.keys(shown).sort()).toEqual(Object.keys(documented).sort());
    expect(body).toMatchObject(shown);
  });

  it.each(cases)('reads back what was asked: %s %s, and changes no other', async (name, value) => {
    const path = `/v1/instances/${await api.newInstance()}`;
    const { body: before } = await api.send('GET', path);
    const headers = { 'if-match': `"${before.etag}"` };
    const changed = await api.send('PATCH', path, { body: { [name]: value }, headers });
    expect(changed.status).toBe(200);
    const { body: after } = await api.send('GET', path);
    const { etag, updated_at: updatedAt } = after;
    expect(after).toEqual({ ...before, [name]: value, etag, updated_at: updatedAt });
    expect(changed.body).toEqual(after);
  });

  it.each(Object.keys(documented))('refuses a value of %s that it does not know', async (name) => {
    const path = `/v1/instances/${await api.newInstance()}`;
    const { body: before } = await api.send('GET', path);
    const headers = { 'if-match': `"${before.etag}"` };
    expect((await api.send('PATCH', path, { body: { [name]: 'nothing' }, headers })).status).toBe(400);
    expect((await api.send('GET', path)).body).toEqual(before);
  });
});
