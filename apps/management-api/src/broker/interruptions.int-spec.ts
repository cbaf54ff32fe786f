import { randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { issueCertificateAuthority } from '@lib/pki';
import {
  type ServiceInstanceScope,
  type ServiceInstanceUnitOfWork,
  type InstanceRemoval,
  type Order,
  requireInstanceCrn,
} from '@lib/service-instances';
import { insertInstance, ManualClock, sampleObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import {
  brokerConfig,
  type BrokerServices,
  brokerServices,
  type BrokerSurroundings,
  OFFER,
} from '../../test/broker-app';

jest.setTimeout(120_000);

class Killed extends Error {}

/** Dies at the nth transaction, either before anything of it is done or right after its commit. */
class DyingUnitOfWork implements ServiceInstanceUnitOfWork {
  #left: number;

  constructor(
    private readonly inner: ServiceInstanceUnitOfWork,
    transactions: number,
    private readonly moment: 'before' | 'within' | 'after',
  ) {
    this.#left = transactions;
  }

  async forTenant<T>(instanceId: InstanceId, body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T> {
    const last = this.#left-- === 0;
    if (this.#left < -1 || (last && this.moment === 'before')) throw new Killed();
    const result = await this.inner.forTenant(instanceId, async (scope) => {
      const done = await body(scope);
      if (last && this.moment === 'within') throw new Killed();
      return done;
    });
    if (last) throw new Killed();
    return result;
  }
}

describe('an operation whose process dies', () => {
  let database: TestDatabase;
  let admin: Client;
  let surroundings: BrokerSurroundings;
  let unitOfWork: ServiceInstanceUnitOfWork;
  /** In a process that stays. */
  let alive: BrokerServices;
  let certificate: string;
  const clock = new ManualClock(new Date());
  const context = {
    initiator: { kind: 'system', component: 'test' },
    correlationId: newCorrelationId(),
    observer: 'test',
  } as const;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    const dataSource = await database.openDataSource({ role: 'api' });
    surroundings = { dataSource, clock, config: brokerConfig({ BROKER_SETTLE_MS: '1000' }) };
    unitOfWork = new PostgresServiceInstanceUnitOfWork(dataSource);
    alive = await brokerServices(surroundings);
  });
  beforeEach(async () => {
    certificate = (await issueCertificateAuthority({ commonName: 'vCenter', validDays: 2 })).certificatePem;
  });
  afterAll(() => database.close());

  const dying = (transactions: number, moment: 'before' | 'within' | 'after'): Promise<BrokerServices> =>
    brokerServices(surroundings, { unitOfWork: new DyingUnitOfWork(unitOfWork, transactions, moment) });

  const newOrder = (plan = 0): Order => ({
    ...requireInstanceCrn(`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'a'.repeat(32)}:${randomUUID()}::`),
    serviceId: OFFER.serviceId,
    plan: OFFER.plans[plan]!,
    attributes: { parameters: { client_certificates: [{ name: 'vc', certificate }] }, context: {} },
    acceptsIncomplete: true,
    context,
  });
  const removalOf = (order: Order): InstanceRemoval => ({
    instanceId: order.instanceId,
    crn: order.crn,
    plans: OFFER.plan,
    confirmed: true,
    acceptsIncomplete: true,
    context,
  });

  const condition = async (order: Order): Promise<unknown> => {
    const { rows } = await admin.query<Record<string, unknown>>(
      `SELECT (SELECT status FROM catalog_instances WHERE instance_id = $1) AS status,
        (SELECT state FROM instances WHERE id = $1) AS state,
        (SELECT count(*)::int FROM client_certificates WHERE instance_id = $1) AS certificates,
        (SELECT count(*)::int FROM managed_objects WHERE instance_id = $1) AS keys,
        (SELECT count(*)::int FROM catalog_operations WHERE instance_id = $1 AND state = 'in progress') AS open`,
      [order.instanceId],
    );
    return rows[0];
  };
  const READY = { status: 'ready', state: 'inactive', certificates: 1, keys: 0, open: 0 };
  const DELETED = { status: 'deleted', state: null, certificates: 0, keys: 0, open: 0 };

  /** Every point at which a process can die; the last ones lie beyond the end, where nothing dies any more. */
  const points = [0, 1, 2, 3, 4, 5].flatMap((transactions) =>
    (['before', 'within', 'after'] as const).map((moment) => [transactions, moment] as const),
  );

  const addKeys = async ({ instanceId }: Order): Promise<void> => {
    for (const { uniqueIdentifier: id } of [sampleObject(), sampleObject()]) {
      await admin.query(
        `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
          cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, digest, fresh, created_by)
          VALUES ($1, $2, 2, 'Active', false, 3, 256, 12, now(), now(), '', true, '')`,
        [instanceId, id],
      );
    }
  };

  it.each(points)('provision: dies at transaction %i, %s it; the same order again makes it whole', async (...point) => {
    const order = newOrder();
    await (await dying(...point)).provisioning.provision(order).catch(onlyKilled);
    expect(['created', 'exists']).toContain((await alive.provisioning.provision(order)).kind);
    expect(await condition(order)).toEqual(READY);
  });

  it.each(points)('provision: dies at transaction %i, %s it; a deletion clears it away', async (...point) => {
    const order = newOrder();
    await (await dying(...point)).provisioning.provision(order).catch(onlyKilled);
    const removed = await alive.deprovisioning.deprovision(removalOf(order)).catch((error: unknown) => error);
    expect(removed).toMatchObject(
      point[0] === 0 && point[1] !== 'after' ? { code: 'catalog_instance_gone' } : { kind: 'removed' },
    );
    const [status] = [(await condition(order)) as { status: string | null }];
    expect(status).toEqual(status.status === null ? { ...DELETED, status: null } : DELETED);
    // The certificate is free for the next order.
    expect(await alive.provisioning.provision(newOrder())).toEqual({ kind: 'created' });
  });

  it.each(points)('deprovision: dies at transaction %i, %s it; the deletion again ends it', async (...point) => {
    const order = newOrder();
    await alive.provisioning.provision(order);
    await addKeys(order);
    await (await dying(...point)).deprovisioning.deprovision(removalOf(order)).catch(onlyKilled);
    await alive.deprovisioning.deprovision(removalOf(order)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'catalog_instance_gone' });
    });
    expect(await condition(order)).toEqual(DELETED);
  });

  it.each([0, 1])('is carried on by a worker when nobody asks again (plan %i)', async (plan) => {
    const order = newOrder(plan);
    await (await dying(1, 'before')).provisioning.provision(order).catch(onlyKilled);
    expect(await condition(order)).toMatchObject({ status: 'provisioning', open: 1 });
    await workUntilQuiet();
    expect(await condition(order)).toEqual(READY);
    await addKeys(order);
    await (await dying(1, 'before')).deprovisioning.deprovision(removalOf(order)).catch(onlyKilled);
    expect(await condition(order)).toMatchObject({ status: 'deprovisioning', state: 'removing', keys: 2 });
    await workUntilQuiet();
    expect(await condition(order)).toEqual(DELETED);
  });

  /** Several rounds, as time goes by; each by another process. */
  const workUntilQuiet = async (): Promise<void> => {
    for (let round = 0; round < 5; round += 1) {
      clock.advance(20_000);
      const parts = await brokerServices(surroundings);
      await parts.operations.round();
      await parts.operations.stop();
    }
  };

  it('ends a provisioning that cannot succeed, and says why', async () => {
    const first = newOrder(1);
    await alive.provisioning.provision(first);
    await workUntilQuiet();
    expect(await condition(first)).toEqual(READY);
    await admin.query('UPDATE certificate_standings SET issued = true');
    const second = newOrder(1);
    await alive.provisioning.provision(second);
    await workUntilQuiet();
    expect(await condition(second)).toMatchObject({ status: 'failed', state: null, open: 0 });
    expect(await alive.states.lastOperation(second)).toMatchObject({
      state: 'failed',
      description: expect.stringContaining('made by the service for another instance') as string,
    });
    expect(await alive.deprovisioning.deprovision(removalOf(second))).toMatchObject({ kind: 'removed' });
  });

  it('gives a provisioning up after its time, and a deletion never', async () => {
    const order = newOrder(1);
    await alive.provisioning.provision(order);
    const broken = await brokerServices({ ...surroundings, config: { ...brokerConfig(), brokerSettleMs: 10 ** 9 } });
    await broken.runner.drive(order.instanceId, 1);
    clock.advance(3_700_000);
    await broken.runner.noteFailedAttempt(order.instanceId, 1);
    expect(await condition(order)).toMatchObject({ status: 'failed', state: null, certificates: 0, open: 0 });
  });

  it('does not take over an instance that was not ordered here', async () => {
    const id = await insertInstance(admin);
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/account:${id}::`;
    const order = { ...newOrder(), ...requireInstanceCrn(crn) };
    await expect(alive.provisioning.provision(order)).rejects.toMatchObject({ code: 'catalog_conflict' });
    await expect(alive.deprovisioning.deprovision(removalOf(order))).rejects.toMatchObject({
      code: 'catalog_instance_gone',
    });
    expect((await admin.query('SELECT 1 FROM instances WHERE id = $1', [id])).rowCount).toBe(1);
  });
});

function onlyKilled(error: unknown): void {
  if (!(error instanceof Killed)) throw error;
}
