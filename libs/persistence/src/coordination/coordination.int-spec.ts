import { type Invalidation } from '@lib/tenancy';
import { insertInstance, startDatabaseProxy, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { PostgresRegionDirectory } from '../tenancy/postgres-region-directory';
import { publishInvalidation } from './invalidations';
import { PostgresInvalidationBus } from './postgres-invalidation-bus';
import { PostgresLeases } from './postgres-leases';

jest.setTimeout(60_000);

describe('coordination', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
  });
  afterAll(() => database.close());

  describe('PostgresLeases', () => {
    it('gives a lease to one of many, prolongs it for the holder, and hands it over with a higher term', async () => {
      const leases = new PostgresLeases(dataSource);
      const owners = Array.from({ length: 20 }, (_, number) => `owner-${number}`);
      const terms = await Promise.all(owners.map((owner) => leases.acquire('reconciler', owner, 60_000)));
      const holder = owners[terms.findIndex((term) => term !== undefined)]!;
      expect(terms.filter((term) => term !== undefined)).toEqual([1]);
      expect(await leases.acquire('reconciler', holder, 60_000)).toBe(1);
      await leases.release('reconciler', 'somebody else');
      expect(await leases.acquire('reconciler', 'next', 60_000)).toBeUndefined();
      await leases.release('reconciler', holder);
      expect(await leases.acquire('reconciler', 'next', 60_000)).toBe(2);
    });

    it('takes a lease over that has run out', async () => {
      const leases = new PostgresLeases(dataSource);
      expect(await leases.acquire('sweeper', 'first', -1)).toBe(1);
      expect(await leases.acquire('sweeper', 'second', 60_000)).toBe(2);
      expect(await leases.acquire('sweeper', 'first', 60_000)).toBeUndefined();
    });
  });

  describe('PostgresInvalidationBus', () => {
    it('sends nothing for a change that is rolled back', async () => {
      const admin = await database.openAdmin();
      const instanceId = await insertInstance(admin);
      const heard: Invalidation[] = [];
      const options = { connection: database.connection, dataSource, log: () => undefined, pollMs: 3_600_000 };
      const bus = new PostgresInvalidationBus(options);
      await bus.start();
      bus.subscribe((invalidation) => heard.push(invalidation));
      const transactions = new TenantTransactions(dataSource);
      const failing = transactions.run(instanceId, async (transaction) => {
        await publishInvalidation(transaction);
        throw new Error('rolled back');
      });
      await expect(failing).rejects.toThrow('rolled back');
      await transactions.run(instanceId, publishInvalidation);
      while (heard.length === 0) await new Promise(setImmediate);
      await bus.close();
      expect(heard).toEqual([{ kind: 'instance', instanceId }]);
    });

    it('finds by its poll a change that committed after later ones', async () => {
      const admin = await database.openAdmin();
      const [slow, quick] = [await insertInstance(admin), await insertInstance(admin)];
      const heard = new Set<string>();
      const options = { connection: database.connection, dataSource, log: () => undefined, pollMs: 10, listen: false };
      const bus = new PostgresInvalidationBus(options);
      await bus.start();
      bus.subscribe((invalidation) => {
        if (invalidation.kind === 'instance') heard.add(invalidation.instanceId);
      });
      const transactions = new TenantTransactions(dataSource);
      await transactions.run(slow, async (transaction) => {
        await publishInvalidation(transaction);
        await transactions.run(quick, publishInvalidation);
        while (!heard.has(quick)) await new Promise(setImmediate);
      });
      while (!heard.has(slow)) await new Promise(setImmediate);
      await bus.close();
      expect([...heard]).toEqual([quick, slow]);
    });

    it('says "everything" where nothing can be listened to and another database has taken over', async () => {
      const heard: Invalidation[] = [];
      const options = { connection: database.connection, dataSource, log: () => undefined, pollMs: 10, listen: false };
      const bus = new PostgresInvalidationBus(options);
      await bus.start();
      bus.subscribe((invalidation) => heard.push(invalidation));
      const elsewhere = { instances: new Map(), next: 'elsewhere/1', continuous: false };
      const asked = jest.spyOn(PostgresRegionDirectory.prototype, 'changes').mockResolvedValueOnce(elsewhere);
      while (heard.length === 0) await new Promise(setImmediate);
      await bus.close();
      asked.mockRestore();
      expect(heard[0]).toEqual({ kind: 'everything' });
    });

    it('starts while the database is away and says "everything" once it listens', async () => {
      const proxy = await startDatabaseProxy(database.connection.host);
      await proxy.close();
      const heard: Invalidation[] = [];
      const connection = { ...database.connection, host: proxy.host };
      const bus = new PostgresInvalidationBus({
        connection,
        dataSource,
        log: () => undefined,
        pollMs: 3_600_000,
        reconnectMs: 10,
      });
      bus.subscribe((invalidation) => heard.push(invalidation));
      await bus.start();
      expect([bus.listening, heard]).toEqual([false, []]);
      const back = await startDatabaseProxy(database.connection.host, proxy.host);
      while (heard.length === 0) await new Promise(setImmediate);
      await bus.close();
      await back.close();
      expect(heard).toEqual([{ kind: 'everything' }]);
    });
  });
});
