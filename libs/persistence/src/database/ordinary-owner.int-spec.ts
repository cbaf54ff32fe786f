import {
  aManagedObject,
  anAuditEvent,
  anIntent,
  insertInstance,
  ordinaryOwner,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { type Client } from 'pg';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { createDataSource } from './data-source';
import { revertLastMigration, runMigrations, schemaDrift } from './migrate';

jest.setTimeout(60_000);

/** A database of a managed service: the user owns it, but is no superuser. */
describe('a database whose owner is an ordinary user', () => {
  let database: TestDatabase;
  let admin: Client;
  beforeEach(async () => {
    database = await startTestPostgres({ migrated: false });
    admin = await database.openAdmin();
  });
  afterEach(async () => {
    await database.close();
  });

  it('is migrated and served when the roles were made and granted by an administrator', async () => {
    const connection = await ordinaryOwner(database, 'NOCREATEROLE');
    const ran = await runMigrations(connection);
    expect(await schemaDrift(connection)).toEqual([]);

    const dataSource = createDataSource(connection, { applicationName: 'test', role: 'gateway' });
    await dataSource.initialize();
    try {
      const instanceId = await insertInstance(admin);
      const store = new PostgresObjectStores(dataSource).forInstance(instanceId);
      const object = aManagedObject();
      await store.openIntent(anIntent(object), 10);
      await store.completeIntent(object, anAuditEvent(instanceId));
      expect(await store.find(object.uniqueIdentifier)).toEqual(object);
      expect(await dataSource.query('SELECT count(*)::int AS seen FROM managed_objects')).toEqual([{ seen: 0 }]);
      expect(await dataSource.query('SELECT id FROM directory_instances(NULL, NULL, 10)')).toEqual([
        { id: instanceId },
      ]);
    } finally {
      await dataSource.destroy();
    }
    for (let left = ran.length; left > 0; left -= 1) await revertLastMigration(connection);
    expect(await runMigrations(connection)).toEqual(ran);
  });

  it('says what an administrator has to run when the roles cannot be taken on', async () => {
    const connection = await ordinaryOwner(database, 'NOCREATEROLE', false);
    await expect(runMigrations(connection)).rejects.toThrow(/let an administrator of the server run: CREATE ROLE/);
  });
});
