import { type InstanceId } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type DailyUsages, HOUR_MS, type MeteringRecord, type UsageDirectory, type UsageLedger } from '@lib/metering';
import {
  type ServiceInstance,
  type ServiceInstanceScope,
  type ServiceInstanceUnitOfWork,
} from '@lib/service-instances';

import { aManagedObject, anAuditEvent, putObject } from '../engine/managed-object.fixture';
import { aServiceInstance, putServiceInstance } from '../service-instances/service-instances.fixture';
import { aClientCertificate, putInstance } from '../tenancy/tenancy.fixture';

/** The usage of a region under test. */
export interface MeteringHarness {
  /** A MeteringUnitOfWork too; whose service instances are counted is made by it. */
  readonly unitOfWork: ServiceInstanceUnitOfWork;
  readonly directory: UsageDirectory;
  readonly dailyUsages: DailyUsages;
  /** Where gateways put the keys of an instance. */
  storeOf(instanceId: InstanceId): ManagedObjectStore;
}

const NOON = new Date('2026-11-24T12:00:00.000Z');
const hour = (number: number): Date => new Date(NOON.getTime() + number * HOUR_MS);
const ALL = 10_000;

/** What every meter must do: run in memory and by Postgres. */
export function describeMeteringContract(name: string, make: () => Promise<MeteringHarness> | MeteringHarness): void {
  describe(`${name} meters`, () => {
    let harness: MeteringHarness;
    let id: InstanceId;
    beforeEach(async () => {
      harness = await make();
      ({ id } = await putServiceInstance(harness.unitOfWork));
    });
    const tenant: Tenant = {
      id: () => id,
      run: (body) => harness.unitOfWork.forTenant(id, body),
      harness: () => harness,
    };

    describeMeter(tenant);
    describeMeasurement(tenant);
    describeLedger(tenant);
    describeDailyUsages(tenant);
  });
}

interface Tenant {
  id(): InstanceId;
  run<T>(body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T>;
  harness(): MeteringHarness;
}

function describeMeter(tenant: Tenant): void {
  describe('up to an hour', () => {
    const until = async () => (await tenant.run(({ meter }) => meter.lock()))?.meteredUntil;

    it('that moves forward and never back', async () => {
      const { instanceId, crn, serviceId, planId, status } = aServiceInstance(tenant.id());
      const metered = { instanceId, crn, serviceId, planId, status, meteredUntil: NOON };
      expect(await tenant.run(({ meter }) => meter.lock())).toStrictEqual(metered);
      await tenant.run(({ meter }) => meter.advance(hour(2)));
      await tenant.run(({ meter }) => meter.advance(hour(1)));
      expect(await until()).toEqual(hour(2));
    });

    it('that nothing else moves: not a change of the order, nor the same order again', async () => {
      await tenant.run(({ meter }) => meter.advance(hour(2)));
      await tenant.run(async ({ serviceInstance }) => {
        await serviceInstance.update(aServiceInstance(tenant.id(), { status: 'updating' }));
        expect(await serviceInstance.insertIfAbsent(aServiceInstance(tenant.id()), hour(5))).toBe(false);
      });
      expect(await tenant.run(({ meter }) => meter.lock())).toMatchObject({
        status: 'updating',
        meteredUntil: hour(2),
      });
    });

    it('that an instance which was never ordered does not have', async () => {
      const { id } = await putInstance(tenant.harness().unitOfWork);
      const locked = await tenant.harness().unitOfWork.forTenant(id, async ({ meter }) => {
        await meter.advance(hour(1));
        return meter.lock();
      });
      expect(locked).toBeUndefined();
    });

    it('by which those are found that lack records, in the order of ids', async () => {
      const put = async (status: ServiceInstance['status'], from = NOON) =>
        (await putServiceInstance(tenant.harness().unitOfWork, { status }, from)).id;
      const wanted = [await put('ready'), await put('updating')].sort();
      const others = [await put('ready', hour(1)), await put('provisioning'), await put('deleted')];
      const { directory } = tenant.harness();
      const found = await directory.meterableInstances(hour(1), undefined, ALL);
      expect(found.filter((each) => [...wanted, ...others].includes(each))).toEqual(wanted);
      const after = await directory.meterableInstances(hour(1), wanted[0], ALL);
      expect(after.filter((each) => wanted.includes(each))).toEqual([wanted[1]]);
      expect(await directory.meterableInstances(hour(1), undefined, 1)).toHaveLength(1);
    });
  });
}

function describeMeasurement(tenant: Tenant): void {
  it('keys that existed at some time within the hour, and certificates that were registered before its end', async () => {
    const store = tenant.harness().storeOf(tenant.id());
    const put = (initialDate: Date) => putObject(store, tenant.id(), aManagedObject({ initialDate }));
    const destroy = async (destroyDate: Date) => {
      const { uniqueIdentifier } = await put(hour(-5));
      await store.mutate(uniqueIdentifier, ({ custody, ...rest }) => ({
        object: { ...rest, state: 'Destroyed', destroyDate },
        audit: anAuditEvent(tenant.id()),
        result: custody,
      }));
    };
    const measure = (from: Date) => tenant.run(({ usage }) => usage.measure(from, new Date(from.getTime() + HOUR_MS)));
    await put(new Date(hour(1).getTime() - 1));
    await put(hour(1));
    await destroy(new Date(NOON.getTime() - 1));
    await destroy(NOON);
    await tenant.run(async ({ certificates, instanceId }) => {
      await certificates.insert(aClientCertificate(instanceId, { createdAt: new Date(hour(1).getTime() - 1) }));
      await certificates.insert(aClientCertificate(instanceId, { createdAt: hour(1) }));
    });
    expect(await measure(NOON)).toEqual({ liveKeys: 2, clientCertificates: 1 });
    expect(await measure(hour(1))).toEqual({ liveKeys: 2, clientCertificates: 2 });
    expect(await measure(hour(-9))).toEqual({ liveKeys: 0, clientCertificates: 0 });
  });
}

function describeLedger(tenant: Tenant): void {
  describe('into a ledger', () => {
    const record = (number: number, changes: Partial<MeteringRecord> = {}): MeteringRecord => ({
      instanceId: tenant.id(),
      crn: 'crn',
      serviceId: 'service',
      planId: 'plan',
      startedAt: hour(number),
      endedAt: hour(number + 1),
      liveKeys: 3,
      clientCertificates: 2,
      ...changes,
    });
    const write = (each: MeteringRecord, at = hour(9)) => tenant.run(({ usage }) => usage.insertIfAbsent(each, at));
    const settle = (number: number, outcome: Parameters<UsageLedger['settle']>[1]) =>
      tenant.run(({ usage }) => usage.settle(hour(number), outcome));
    const pending = async (now: Date) =>
      (await tenant.harness().directory.pendingUsage(now, ALL)).filter(({ instanceId }) => instanceId === tenant.id());

    it('with one record for each hour, whatever is written later', async () => {
      await write(record(0));
      await write(record(0, { liveKeys: 99 }));
      expect(await pending(hour(9))).toStrictEqual([{ ...record(0), attempts: 0 }]);
      expect(await pending(new Date(hour(9).getTime() - 1))).toEqual([]);
    });

    it('that sends nothing before its hour is over', async () => {
      await write(record(0), new Date(NOON.getTime() + 1));
      expect([await pending(new Date(hour(1).getTime() - 1)), await pending(hour(1))]).toMatchObject([[], [{}]]);
    });

    it('that is sent by service, the oldest first', async () => {
      await write(record(0, { serviceId: 'b' }));
      await write(record(2, { serviceId: 'a' }));
      await write(record(1, { serviceId: 'a' }));
      const order = (await pending(hour(9))).map(({ serviceId, startedAt }) => [serviceId, startedAt]);
      expect(order).toEqual([
        ['a', hour(1)],
        ['a', hour(2)],
        ['b', hour(0)],
      ]);
      expect(await tenant.harness().directory.pendingUsage(hour(9), 1)).toHaveLength(1);
    });

    it('whose records wait for their next attempt, and keep the end that they found', async () => {
      await write(record(0));
      await settle(0, { state: 'pending', attempts: 1, notBefore: hour(10), detail: 'busy' });
      expect([await pending(hour(9)), await pending(hour(10))]).toMatchObject([[], [{ attempts: 1 }]]);
      await settle(0, { state: 'accepted', attempts: 2, notBefore: hour(10) });
      await settle(0, { state: 'pending', attempts: 3, notBefore: hour(10) });
      expect(await pending(hour(20))).toEqual([]);
    });

    it('that forgets accepted hours alone', async () => {
      for (const number of [0, 1, 2, 3]) await write(record(number));
      for (const number of [0, 3]) await settle(number, { state: 'accepted', attempts: 1, notBefore: hour(9) });
      await settle(1, { state: 'refused', attempts: 1, notBefore: hour(9), detail: 'no' });
      await tenant.run(({ usage }) => usage.prune(hour(3)));
      for (const number of [0, 1, 2, 3]) await write(record(number, { liveKeys: 9 }));
      const written = await pending(hour(9));
      expect(written.map(({ startedAt, liveKeys }) => [startedAt, liveKeys])).toEqual([
        [hour(0), 9],
        [hour(2), 3],
      ]);
    });
  });
}

function describeDailyUsages(tenant: Tenant): void {
  describe('days', () => {
    const usages = () => tenant.harness().dailyUsages;

    it('by the largest measurement of each', async () => {
      const store = tenant.harness().storeOf(tenant.id());
      const certificate = aClientCertificate(tenant.id());
      await tenant.run(({ certificates }) => certificates.insert(certificate));
      await usages().measure('2026-11-23');
      await putObject(store, tenant.id(), aManagedObject());
      await tenant.run(({ certificates }) => certificates.remove(certificate.id));
      await usages().measure('2026-11-23');
      await usages().measure('2026-11-24');
      expect(await usages().find(tenant.id(), '2026-11-23')).toStrictEqual({
        day: '2026-11-23',
        liveKeys: 1,
        certificates: 1,
      });
      expect(await usages().find(tenant.id(), '2026-11-24')).toMatchObject({ liveKeys: 1, certificates: 0 });
      expect(await usages().find(tenant.id(), '2026-11-25')).toBeUndefined();
    });

    it('with the latest first, from one and before others', async () => {
      for (const day of ['2026-11-23', '2026-11-22', '2026-11-24']) await usages().measure(day);
      const list = async (page: object = {}) =>
        (await usages().list(tenant.id(), { limit: 10, ...page })).map(({ day }) => day.slice(-2));
      expect(await list()).toEqual(['24', '23', '22']);
      expect(await list({ from: '2026-11-23' })).toEqual(['24', '23']);
      expect(await list({ before: '2026-11-24' })).toEqual(['23', '22']);
      expect(await list({ after: '2026-11-23' })).toEqual(['22']);
      expect(await list({ limit: 1 })).toEqual(['24']);
    });

    it('of the instance alone, as long as it is there', async () => {
      const other = await putInstance(tenant.harness().unitOfWork);
      await usages().measure('2026-11-23');
      await tenant.run((scope) => scope.instance.remove());
      await usages().measure('2026-11-24');
      expect(await usages().list(tenant.id(), { limit: 10 })).toEqual([]);
      expect(await usages().list(other.id, { limit: 10 })).toHaveLength(2);
    });
  });
}
