import { describeDiagnosisContract, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { PostgresUnitOfWork } from '../tenancy/postgres-unit-of-work';
import { PostgresConnectionAttempts } from './postgres-connection-attempts';

jest.setTimeout(60_000);

let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await startTestPostgres();
  dataSource = await database.openDataSource();
});
afterAll(() => database.close());

describeDiagnosisContract('PostgresConnectionAttempts', () => ({
  unitOfWork: new PostgresUnitOfWork(dataSource),
  attempts: new PostgresConnectionAttempts(dataSource),
}));
