import { type InstanceId } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import { aManagedObject, putObject } from '@lib/testing';

import { DEDICATED, OrderingHarness, SETTLE_MS } from './ordering.fixture';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';
import { type Order } from './provisioning.service';

class Killed extends Error {}

/** Dies before the nth transaction, or right after its commit. */
class DyingUnitOfWork implements ServiceInstanceUnitOfWork {
  constructor(
    private readonly inner: ServiceInstanceUnitOfWork,
    private left: number,
    private readonly moment: 'before' | 'after',
  ) {}

  async forTenant<T>(instanceId: InstanceId, body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T> {
    const last = this.left-- <= 0;
    if (last && this.moment === 'before') throw new Killed();
    const result = await this.inner.forTenant(instanceId, body);
    if (last) throw new Killed();
    return result;
  }
}

describe('OperationRunner', () => {
  let harness: OrderingHarness;
  let certificate: string;
  beforeAll(async () => {
    const request = { commonName: 'vc', validDays: 90, keyKind: 'ec-p256' } as const;
    certificate = (await issueClientCertificate('self-signed', request)).certificatePem;
  });
  beforeEach(() => {
    harness = new OrderingHarness();
  });
  const newOrder = (changes: Partial<Order> = {}) =>
    harness.order({ client_certificates: [{ name: 'vc', certificate }] }, changes);
  const condition = (order: Order) => {
    const { serviceInstance, instance, certificates, operations } = harness.rows(order);
    const open = [...operations.values()].filter(({ state }) => state === 'in progress').length;
    return { status: serviceInstance?.status, state: instance?.state, certificates: certificates.size, open };
  };
  const READY = { status: 'ready', state: 'inactive', certificates: 1, open: 0 };
  const DELETED = { status: 'deleted', state: undefined, certificates: 0, open: 0 };
  const points = [0, 1, 2, 3, 4].flatMap((n) => (['before', 'after'] as const).map((moment) => [n, moment] as const));
  const onlyKilled = (error: unknown): void => {
    if (!(error instanceof Killed)) throw error;
  };

  it.each(points)('goes on with an order whose process died at transaction %i, %s it', async (...point) => {
    const order = newOrder();
    const dying = harness.provisioning(new DyingUnitOfWork(harness.unitOfWork, ...point));
    await dying.provision(order).catch(onlyKilled);
    await harness.provisioning().provision(order);
    expect(condition(order)).toEqual(READY);
  });

  it.each(points)('goes on with a deletion whose process died at transaction %i, %s it', async (...point) => {
    const order = newOrder();
    await harness.provisioning().provision(order);
    const { instanceId } = order;
    await putObject(harness.region.storeOf(instanceId), instanceId, aManagedObject({ state: 'Deactivated' }));
    const dying = harness.deprovisioning(new DyingUnitOfWork(harness.unitOfWork, ...point));
    await dying.deprovision(harness.removal(order)).catch(onlyKilled);
    const gone = (error: unknown) => expect(error).toMatchObject({ code: 'catalog_instance_gone' });
    await harness.deprovisioning().deprovision(harness.removal(order)).catch(gone);
    expect(condition(order)).toEqual(DELETED);
    expect(harness.region.storeOf(instanceId).objects()).toEqual([]);
  });

  it('is run by a worker when the request that began it died, and not before it had its time', async () => {
    const order = newOrder();
    const dying = harness.provisioning(new DyingUnitOfWork(harness.unitOfWork, 0, 'after'));
    await dying.provision(order).catch(onlyKilled);
    await harness.work();
    expect(condition(order)).toMatchObject({ status: 'provisioning', open: 1 });
    harness.clock.advance(15_000);
    await harness.work();
    expect(condition(order)).toEqual(READY);
    expect(harness.log).toEqual([]);
  });

  it('waits for a change to settle, and drives on when that is over', async () => {
    const order = newOrder({ plan: DEDICATED });
    await harness.provisioning().provision(order);
    expect(await harness.runner.drive(order.instanceId, 1)).toMatchObject({ step: 'settle', state: 'in progress' });
    harness.clock.advance(SETTLE_MS - 1);
    expect(await harness.runner.drive(order.instanceId, 1)).toMatchObject({ step: 'settle' });
    harness.clock.advance(1);
    expect(await harness.runner.drive(order.instanceId, 1)).toMatchObject({ step: 'done', state: 'succeeded' });
    expect(await harness.runner.drive(order.instanceId, 2)).toBeUndefined();
  });

  describe('after an attempt that failed', () => {
    const MINUTE_MS = 60_000;
    const failing = async (order: Order, times: number): Promise<number[]> => {
      const waits: number[] = [];
      const { instanceId } = order;
      const { number } = await harness.states.lastOperation(order);
      for (let n = 0; n < times; n += 1) {
        await harness.runner.noteFailedAttempt(instanceId, number);
        const { notBefore } = harness.rows(order).operations.get(number)!;
        waits.push((notBefore.getTime() - harness.clock.now().getTime()) / 1_000);
      }
      return waits;
    };

    it('waits longer each time', async () => {
      const order = newOrder({ plan: DEDICATED });
      await harness.provisioning().provision(order);
      expect(await failing(order, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    });

    it('gives a provisioning up after an hour, and keeps nothing of it', async () => {
      const order = newOrder({ plan: DEDICATED });
      await harness.provisioning().provision(order);
      harness.clock.advance(60 * MINUTE_MS);
      await failing(order, 1);
      expect(condition(order)).toMatchObject({ status: 'provisioning', open: 1 });
      harness.clock.advance(1);
      await failing(order, 1);
      expect(condition(order)).toEqual({ status: 'failed', state: undefined, certificates: 0, open: 0 });
      expect((await harness.states.lastOperation(order)).description).toMatch('could not be made in time');
    });

    it('never gives a deletion up', async () => {
      const order = await harness.ordered({}, { plan: DEDICATED });
      await harness.deprovisioning().deprovision(harness.removal(order));
      harness.clock.advance(7 * 24 * 60 * MINUTE_MS);
      await failing(order, 1);
      expect(condition(order)).toMatchObject({ status: 'deprovisioning', open: 1 });
    });

    it('holds up no other operation', async () => {
      const [broken, whole] = [newOrder({ plan: DEDICATED }), newOrder({ plan: DEDICATED })];
      for (const order of [broken, whole]) await harness.provisioning().provision(order);
      const drive = harness.runner.drive.bind(harness.runner);
      jest
        .spyOn(harness.runner, 'drive')
        .mockImplementation((instanceId, number) =>
          instanceId === broken.instanceId ? Promise.reject(new Error('no')) : drive(instanceId, number),
        );
      await harness.work();
      expect([condition(broken).status, condition(whole).status]).toEqual(['provisioning', 'ready']);
      expect(harness.rows(broken).operations.get(1)?.attempts).toBe(2);
      expect(new Set(harness.log)).toEqual(new Set(['an operation of a service instance could not go on']));
    });
  });
});
