import { describeMeteringContract, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresServiceInstanceDirectory } from '../broker/postgres-service-instance-directory';
import { PostgresServiceInstanceUnitOfWork } from '../broker/postgres-service-instance-unit-of-work';
import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresDailyUsages } from './postgres-daily-usages';

jest.setTimeout(60_000);

let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await startTestPostgres();
  dataSource = await database.openDataSource();
});
afterAll(() => database.close());

describeMeteringContract('PostgresUsageLedger', () => {
  const stores = new PostgresObjectStores(dataSource);
  return {
    unitOfWork: new PostgresServiceInstanceUnitOfWork(dataSource),
    directory: new PostgresServiceInstanceDirectory(dataSource),
    dailyUsages: new PostgresDailyUsages(dataSource),
    storeOf: (instanceId) => stores.forInstance(instanceId),
  };
});
