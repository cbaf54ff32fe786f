import { randomUUID } from 'node:crypto';

import {
  aManagedObject,
  anAuditEvent,
  anIntent,
  insertInstance,
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
  let user: string;

  const ownedBy = async (attributes: string): Promise<{ host: string; user: string; database: string }> => {
    user = `owner_${randomUUID().replaceAll('-', '')}`;
    await admin.query(`CREATE ROLE ${user} LOGIN ${attributes}`);
    await admin.query(`ALTER DATABASE ${database.connection.database} OWNER TO ${user}`);
    return { ...database.connection, user };
  };

  beforeEach(async () => {
    database = await startTestPostgres({ migrated: false });
    admin = await database.openAdmin();
  });
  afterEach(async () => {
    await database.close();
  });

  it('is migrated and served when the roles were made and granted by an administrator', async () => {
    const connection = await ownedBy('NOCREATEROLE');
    await admin.query(
      `DO $$ BEGIN CREATE ROLE kmip_app NOLOGIN; CREATE ROLE kmip_directory NOLOGIN;
        EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await admin.query(`GRANT kmip_app, kmip_directory TO ${user}`);
    const ran = await runMigrations(connection);
    expect(await schemaDrift(connection)).toEqual([]);

    const dataSource = createDataSource(connection, { applicationName: 'test' });
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
    const connection = await ownedBy('NOCREATEROLE');
    await admin.query(
      `DO $$ BEGIN CREATE ROLE kmip_app NOLOGIN; CREATE ROLE kmip_directory NOLOGIN;
        EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await expect(runMigrations(connection)).rejects.toThrow(/let an administrator of the server run: CREATE ROLE/);
  });
});
