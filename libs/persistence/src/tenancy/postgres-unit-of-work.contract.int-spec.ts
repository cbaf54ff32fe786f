import { describeTenancyContract, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';
import { type DataSource } from 'typeorm';

import { PostgresAuditTrail } from '../audit/postgres-audit-trail';
import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresRegionDirectory } from './postgres-region-directory';
import { PostgresUnitOfWork } from './postgres-unit-of-work';

jest.setTimeout(60_000);

let database: TestDatabase;
let dataSource: DataSource;
let admin: Client;
beforeAll(async () => {
  database = await startTestPostgres();
  dataSource = await database.openDataSource();
  admin = await database.openAdmin();
});
afterAll(() => database.close());

describeTenancyContract('PostgresUnitOfWork', () => {
  const stores = new PostgresObjectStores(dataSource);
  const trail = new PostgresAuditTrail(dataSource);
  return {
    unitOfWork: new PostgresUnitOfWork(dataSource),
    directory: new PostgresRegionDirectory(dataSource),
    storeOf: (instanceId) => stores.forInstance(instanceId),
    recorded: async (instanceId) => {
      const records = await trail.list(instanceId, { newestFirst: false, limit: 1_000 });
      return records.map(({ event }) => event);
    },
    notices: async (instanceId) => {
      const text = 'SELECT version::int AS n FROM invalidation_versions WHERE instance_id = $1';
      return (await admin.query<{ n: number }>(text, [instanceId])).rows[0]?.n ?? 0;
    },
  };
});
