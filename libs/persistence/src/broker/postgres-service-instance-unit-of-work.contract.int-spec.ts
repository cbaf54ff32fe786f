import { describeServiceInstancesContract, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresServiceInstanceDirectory } from './postgres-service-instance-directory';
import { PostgresServiceInstanceUnitOfWork } from './postgres-service-instance-unit-of-work';

jest.setTimeout(60_000);

let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await startTestPostgres();
  dataSource = await database.openDataSource();
});
afterAll(() => database.close());

describeServiceInstancesContract('PostgresServiceInstanceUnitOfWork', () => {
  const stores = new PostgresObjectStores(dataSource);
  return {
    unitOfWork: new PostgresServiceInstanceUnitOfWork(dataSource),
    directory: new PostgresServiceInstanceDirectory(dataSource),
    storeOf: (instanceId) => stores.forInstance(instanceId),
  };
});
