import { randomUUID } from 'node:crypto';

import { newCorrelationId, type Secret, systemClock, type UniqueIdentifier } from '@lib/kernel';
import { CatalogRebuild, NoteWriter } from '@lib/kmip-engine';
import { PostgresObjectStores, PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import { InstanceService } from '@lib/tenancy';
import { EngineHarness, startTestPostgres, type TestDatabase, vcenterKey } from '@lib/testing';

jest.setTimeout(60_000);

const context = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
} as const;

/** docs/operations.md, "An instance that was removed by mistake". */
describe('an instance that was removed by mistake', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await startTestPostgres();
  });
  afterAll(() => database.close());

  it('has its keys again, with what was withdrawn, when it is made again under its CRN and rebuilt', async () => {
    const dataSource = await database.openDataSource();
    const directory = new PostgresRegionDirectory(dataSource);
    const instances = new InstanceService(new PostgresUnitOfWork(dataSource), directory, systemClock);
    const order = { crn: `crn:v1:bluemix:public:kmip:eu-de:a/account:${randomUUID()}::`, name: 'kmip' };
    const { id: instanceId } = await instances.create(order, context);
    const store = new PostgresObjectStores(dataSource).forInstance(instanceId);
    const harness = new EngineHarness({ instanceId });
    const scope = { scope: { store } };
    const created: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const templateAttribute = { attributes: [...vcenterKey] };
      const key = await harness.perform('Create', { objectType: 2, templateAttribute }, scope);
      created.push(key.uniqueIdentifier);
    }
    const [served, suspended, destroyed] = created as [UniqueIdentifier, UniqueIdentifier, UniqueIdentifier];
    const bytes = async (): Promise<Buffer> => {
      const { symmetricKey } = await harness.perform('Get', { uniqueIdentifier: served }, scope);
      return Buffer.from((symmetricKey?.keyMaterial as Secret).expose());
    };
    const before = await bytes();
    const audit = {
      ...context,
      instanceId,
      action: 'vmware-solutions.kmip-key.suspend',
      occurredAt: new Date(),
    } as const;
    await store.mutate(suspended, (object) => ({
      object: { ...object, suspended: true },
      audit: { ...audit, outcome: 'success', target: { kind: 'key', id: suspended } },
      result: undefined,
    }));
    await harness.perform('Destroy', { uniqueIdentifier: destroyed }, scope);
    const { keyManager } = harness;
    const bound = { instanceId, store, keyManager, rootKeyId: keyManager.rootKey.id };
    expect(await new NoteWriter(harness.background).run(bound)).toMatchObject({ unwritten: 0 });

    await instances.setEnabled(instanceId, false, undefined, context);
    await instances.remove(instanceId, context, 'kmip');
    await expect(instances.get(instanceId)).rejects.toMatchObject({ code: 'instance_not_found' });
    expect(await store.find(served)).toBeUndefined();

    expect((await instances.create(order, context)).id).toBe(instanceId);
    const report = await new CatalogRebuild(harness.background).run(bound);
    expect(report).toMatchObject({ restored: 2, refused: [], notes: { absent: [destroyed], destroyed: [destroyed] } });
    expect(await bytes()).toEqual(before);
    expect(await store.find(suspended)).toMatchObject({ suspended: true });
    expect(await harness.refusal('Get', { uniqueIdentifier: suspended }, scope)).toMatchObject({
      code: 'key_suspended',
    });
    expect(await store.find(destroyed)).toBeUndefined();
  });
});
