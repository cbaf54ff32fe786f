import { type InstanceId } from '@lib/kernel';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

describe('the state of a restore', () => {
  const NOTICED = new Date('2026-11-23T10:05:00.000Z');
  const held = new Set<InstanceId>();
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const restore = { heldSince: (id: InstanceId) => (held.has(id) ? NOTICED : undefined) };
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {}, { restore });
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  it('is shown with the instance until it is released, and with no other', async () => {
    const [id, other] = [await api.newInstance(), await api.newInstance()];
    held.add(id);
    const restore = {
      noticed_at: NOTICED.toISOString(),
      waiting: ['key_destruction'],
      message: expect.stringContaining('Destructions of keys wait') as string,
    };
    expect((await api.send('GET', `/v1/instances/${id}`)).body).toMatchObject({ restore });
    expect((await api.send('GET', `/v1/instances/${other}`)).body).not.toHaveProperty('restore');
    const { body } = await api.send<{ instances: { id: string; restore?: object }[] }>('GET', '/v1/instances');
    expect(body.instances.filter((each) => each.restore !== undefined).map((each) => each.id)).toEqual([id]);
    held.delete(id);
    expect((await api.send('GET', `/v1/instances/${id}`)).body).not.toHaveProperty('restore');
    expect(api.failures).toEqual([]);
  });
});
