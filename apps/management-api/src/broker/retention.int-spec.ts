import { randomUUID } from 'node:crypto';

import { newCorrelationId } from '@lib/kernel';
import { type Order, requireInstanceCrn } from '@lib/service-instances';
import { ManualClock, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import { type BrokerServices, brokerServices, faultLog, OFFER } from '../../test/broker-app';

jest.setTimeout(60_000);

const DAY = 86_400_000;

describe('what the broker keeps of the past', () => {
  let database: TestDatabase;
  let admin: Client;
  let clock: ManualClock;
  let parts: BrokerServices;
  const faults: string[] = [];

  beforeEach(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    clock = new ManualClock(new Date());
    const dataSource = await database.openDataSource({ role: 'api' });
    const logger = faultLog((message, error) => faults.push(`${message} ${String(error)}`));
    parts = await brokerServices(
      { dataSource, clock, logger },
      { usageReporter: { report: (_id, records) => Promise.resolve(records.map(() => ({ kind: 'accepted' }))) } },
    );
  });
  afterEach(async () => {
    await database.close();
    expect(faults.splice(0)).toEqual([]);
  });

  const newOrder = (): Order => ({
    ...requireInstanceCrn(`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'a'.repeat(32)}:${randomUUID()}::`),
    serviceId: OFFER.serviceId,
    plan: OFFER.plans[0]!,
    attributes: { parameters: {}, context: {} },
    acceptsIncomplete: true,
    context: { initiator: { kind: 'system', component: 'test' }, correlationId: newCorrelationId(), observer: 'test' },
  });
  const remove = (order: Order) => parts.deprovisioning.deprovision({ ...order, plans: OFFER.plan, confirmed: true });
  const count = async (sql: string, { instanceId }: Order): Promise<number> =>
    (await admin.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`, [instanceId])).rows[0]?.n ?? -1;
  const kept = async (order: Order) => ({
    instance: await count('catalog_instances WHERE instance_id = $1', order),
    operations: await count('catalog_operations WHERE instance_id = $1', order),
    usage: await count('metering_records WHERE instance_id = $1', order),
  });

  it('forgets a deleted instance after 30 days, its usage after 90, and of a living one all but its last operation', async () => {
    const [gone, again] = [newOrder(), newOrder()];
    for (const order of [gone, again]) {
      await parts.provisioning.provision(order);
      await remove(order);
    }
    await parts.provisioning.provision(again);
    clock.advance(3_600_000);
    await parts.metering.round();

    clock.advance(29 * DAY);
    await parts.retention.round();
    expect(await kept(gone)).toEqual({ instance: 1, operations: 2, usage: 1 });
    expect((await parts.states.lastOperation(gone)).kind).toBe('deprovision');
    expect(await kept(again)).toMatchObject({ instance: 1, operations: 3 });

    clock.advance(DAY);
    await parts.retention.round();
    expect(await kept(gone)).toEqual({ instance: 0, operations: 0, usage: 1 });
    expect(await kept(again)).toMatchObject({ instance: 1, operations: 1 });
    expect(await parts.states.lastOperation(again)).toMatchObject({ number: 3, state: 'succeeded' });
    expect((await parts.provisioning.provision(again)).kind).toBe('exists');
    await expect(remove(gone)).rejects.toMatchObject({ code: 'catalog_instance_gone' });

    clock.advance(60 * DAY);
    await parts.retention.round();
    expect(await kept(gone)).toEqual({ instance: 0, operations: 0, usage: 0 });
  });

  it('takes an order for an instance that is just being forgotten', async () => {
    const orders = Array.from({ length: 20 }, newOrder);
    for (const order of orders) {
      await parts.provisioning.provision(order);
      await remove(order);
    }
    clock.advance(31 * DAY);
    const [, ...outcomes] = await Promise.all([
      parts.retention.round(),
      ...orders.map((order) => parts.provisioning.provision(order)),
    ]);
    expect(outcomes).toEqual(orders.map(() => ({ kind: 'created' })));
    for (const order of orders) expect(await kept(order)).toMatchObject({ instance: 1 });
    expect(await parts.states.lastOperation(orders[0]!)).toMatchObject({ kind: 'provision', state: 'succeeded' });
  });
});
