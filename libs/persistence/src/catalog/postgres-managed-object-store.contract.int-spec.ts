import { type AuditEvent } from '@lib/audit';
import { describeManagedObjectStoreContract, insertInstance, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import { PostgresAuditTrail } from '../audit/postgres-audit-trail';
import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

let database: TestDatabase;
let admin: Client;
let stores: PostgresObjectStores;
let trail: PostgresAuditTrail;

beforeAll(async () => {
  database = await startTestPostgres();
  admin = await database.openAdmin();
  const dataSource = await database.openDataSource();
  stores = new PostgresObjectStores(dataSource);
  trail = new PostgresAuditTrail(dataSource);
  await admin.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`,
  );
});
afterAll(() => database.close());

describeManagedObjectStoreContract('PostgresManagedObjectStore', async () => {
  const instanceId = await insertInstance(admin);
  const otherInstanceId = await insertInstance(admin);
  return {
    store: stores.forInstance(instanceId),
    instanceId,
    otherStore: stores.forInstance(otherInstanceId),
    otherInstanceId,
    recorded: async (): Promise<AuditEvent[]> => {
      const records = await trail.list(instanceId, { newestFirst: false, limit: 1000 });
      return records.map(({ event }) => event);
    },
    failNextAudit: async () => {
      await admin.query('CREATE TRIGGER refuse BEFORE INSERT ON audit_records FOR EACH ROW EXECUTE FUNCTION refuse()');
    },
    close: async () => {
      await admin.query('DROP TRIGGER IF EXISTS refuse ON audit_records');
    },
  };
});
