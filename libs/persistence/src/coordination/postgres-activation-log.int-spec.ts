import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { insertInstance, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { publishInvalidation } from './invalidations';
import { PostgresActivationLog } from './postgres-activation-log';

jest.setTimeout(60_000);

describe('PostgresActivationLog', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let log: PostgresActivationLog;
  let instance: InstanceId;

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
    log = new PostgresActivationLog(dataSource);
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    const admin = await database.openAdmin();
    await admin.query('DELETE FROM gateway_processes');
    instance = await insertInstance(admin);
  });

  const newProcess = (endpoint: string) => ({ id: randomUUID(), endpoint });
  const none = new Map<InstanceId, string>();
  const change = (): Promise<void> => new TenantTransactions(dataSource).run(instance, publishInvalidation);
  const shown = async (): Promise<string> =>
    (await log.of(instance)).map(({ endpoint, active }) => `${endpoint}:${String(active)}`).join(' ');

  it('tells who has taken in the last change of an instance', async () => {
    const [first, second] = [newProcess('kmip-1'), newProcess('kmip-2')];
    for (const process of [first, second]) {
      await log.acknowledge(process, { everything: await log.position(), instances: none });
    }
    await change();
    expect(await shown()).toBe('kmip-1:false kmip-2:false');
    await log.acknowledge(first, { instances: new Map([[instance, await log.position()]]) });
    expect(await shown()).toBe('kmip-1:true kmip-2:false');
    await log.acknowledge(second, { everything: await log.position(), instances: none });
    expect(await shown()).toBe('kmip-1:true kmip-2:true');
    await change();
    expect(await shown()).toBe('kmip-1:false kmip-2:false');
  });

  it('does not take a change for known that was open when it was read', async () => {
    const process = newProcess('kmip-1');
    await log.acknowledge(process, { everything: await log.position(), instances: none });
    let position = '';
    await new TenantTransactions(dataSource).run(instance, async (transaction) => {
      await publishInvalidation(transaction);
      position = await log.position();
    });
    await log.acknowledge(process, { instances: new Map([[instance, position]]) });
    expect(await shown()).toBe('kmip-1:false');
  });

  it('waits for every process of an endpoint', async () => {
    const [one, other] = [newProcess('kmip-1'), newProcess('kmip-1')];
    const early = await log.position();
    await change();
    await log.acknowledge(one, { everything: await log.position(), instances: none });
    await log.acknowledge(other, { everything: early, instances: none });
    expect(await shown()).toBe('kmip-1:false');
  });

  it('waits for who fell silent until it is fenced by the age of its own list, and for nobody who left', async () => {
    const [left, silent] = [newProcess('kmip-1'), newProcess('kmip-2')];
    for (const process of [left, silent]) {
      await log.acknowledge(process, { everything: await log.position(), instances: none });
    }
    await change();
    await log.withdraw(left);
    const admin = await database.openAdmin();
    const silentFor = (seconds: number) =>
      admin.query('UPDATE gateway_processes SET seen_at = now() - make_interval(secs => $2) WHERE process_id = $1', [
        silent.id,
        seconds,
      ]);
    await silentFor(30);
    expect(await shown()).toBe('kmip-2:false');
    await silentFor(32);
    expect(await shown()).toBe('');
    // What is heard of a process that nobody knows (yet, or any more) is no reason to count on it.
    await log.acknowledge(left, { instances: new Map([[instance, await log.position()]]) });
    expect(await shown()).toBe('');
  });
});
