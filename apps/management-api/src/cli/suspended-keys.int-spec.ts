import { randomUUID } from 'node:crypto';

import { newCorrelationId, systemClock } from '@lib/kernel';
import {
  PostgresKeyCatalog,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { InstanceService } from '@lib/tenancy';
import { aManagedObject, putObject, startTestPostgres, type TestDatabase } from '@lib/testing';

import { suspendedKeys } from './suspended-keys';

jest.setTimeout(60_000);

describe('the suspended keys of an instance', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await startTestPostgres();
  });
  afterAll(() => database.close());

  it('are listed whole, page by page, and those of no other instance', async () => {
    const dataSource = await database.openDataSource();
    const instances = new InstanceService(
      new PostgresUnitOfWork(dataSource),
      new PostgresRegionDirectory(dataSource),
      systemClock,
    );
    const stores = new PostgresObjectStores(dataSource);
    const newInstance = async () => {
      const crn = `crn:v1:bluemix:public:kmip:eu-de:a/account:${randomUUID()}::`;
      const context = {
        initiator: { kind: 'system', component: 'test' },
        correlationId: newCorrelationId(),
        observer: 'test',
      } as const;
      return (await instances.create({ crn, name: 'kmip' }, context)).id;
    };
    const [mine, other] = [await newInstance(), await newInstance()];
    // Born in the same instant: a page must not end between them.
    const initialDate = new Date();
    const wanted: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const suspended = aManagedObject({ suspended: true, initialDate });
      await putObject(stores.forInstance(mine), mine, suspended);
      await putObject(stores.forInstance(mine), mine, aManagedObject({ initialDate }));
      wanted.push(suspended.uniqueIdentifier);
    }
    await putObject(stores.forInstance(other), other, aManagedObject({ suspended: true }));
    const listed = await suspendedKeys(new PostgresKeyCatalog(dataSource), systemClock, mine, 2);
    expect([...listed].sort()).toEqual(wanted.sort());
  });
});
