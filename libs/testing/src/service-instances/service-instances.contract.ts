import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import {
  type InstanceOperation,
  type ServiceBinding,
  type ServiceInstance,
  type ServiceInstanceDirectory,
  type ServiceInstanceScope,
  type ServiceInstanceUnitOfWork,
} from '@lib/service-instances';
import { type Instance, omit } from '@lib/tenancy';

import { aManagedObject, anAuditEvent, putObject } from '../engine/managed-object.fixture';
import { anInstance, aRootKeyBinding } from '../tenancy/tenancy.fixture';
import { anOperation, aServiceInstance, putServiceInstance } from './service-instances.fixture';

/** The platform's orders in a region, under test. */
export interface ServiceInstancesHarness {
  readonly unitOfWork: ServiceInstanceUnitOfWork;
  readonly directory: ServiceInstanceDirectory;
  /** Where gateways put the keys of an instance. */
  storeOf(instanceId: InstanceId): ManagedObjectStore;
}

const AT = new Date('2026-11-25T01:02:03.456Z');
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));
const ALL = 10_000;

/** What every unit of work over platform orders must do: run in memory and by Postgres. */
export function describeServiceInstancesContract(
  name: string,
  make: () => Promise<ServiceInstancesHarness> | ServiceInstancesHarness,
): void {
  describe(`${name} keeps what a platform ordered`, () => {
    let harness: ServiceInstancesHarness;
    let instance: Instance;
    beforeEach(async () => {
      harness = await make();
      instance = await putServiceInstance(harness.unitOfWork);
    });
    const tenant: Tenant = {
      id: () => instance.id,
      run: (body) => harness.unitOfWork.forTenant(instance.id, body),
      harness: () => harness,
    };

    describeServiceInstances(tenant);
    describeOperations(tenant);
    describeServiceBindings(tenant);
    describeCustodyCensus(tenant);
    describeDirectory(tenant);
  });
}

interface Tenant {
  id(): InstanceId;
  run<T>(body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T>;
  harness(): ServiceInstancesHarness;
}

function describeServiceInstances(tenant: Tenant): void {
  describe('service instances', () => {
    it('are what was put in, every field, and without what was taken away', async () => {
      const whole: Required<ServiceInstance> = {
        ...aServiceInstance(tenant.id()),
        status: 'deprovisioning',
        attributes: {
          parameters: { name: 'n', client_certificates: [{ name: 'c', certificate: 'pem' }], delete_active_keys: true },
          context: { platform: 'ibmcloud', name: 'Schlüssel' },
          organizationGuid: 'o',
          keysLeftBehind: [{ keyManagerCrn: 'crn', count: 3 }],
        },
        reclamationScheduledAt: AT,
        orphanedAt: AT,
        updatedAt: AT,
      };
      await tenant.run(({ serviceInstance }) => serviceInstance.update(whole));
      expect(await tenant.run(({ serviceInstance }) => serviceInstance.get())).toStrictEqual(whole);
      const bare = omit(whole, 'reclamationScheduledAt', 'orphanedAt');
      await tenant.run(({ serviceInstance }) => serviceInstance.update(bare));
      expect(await tenant.run(({ serviceInstance }) => serviceInstance.lock())).toStrictEqual(bare);
    });

    it('are of whoever comes first', async () => {
      const { id } = anInstance();
      const insert = (planId: string) =>
        tenant.harness().unitOfWork.forTenant(id, async ({ serviceInstance }) => {
          const first = await serviceInstance.insertIfAbsent(aServiceInstance(id, { planId }), AT);
          return { first, planId: (await serviceInstance.lock())?.planId };
        });
      const answers = await Promise.all([insert('a'), insert('b'), insert('c')]);
      expect(answers.filter(({ first }) => first)).toHaveLength(1);
      expect(new Set(answers.map(({ planId }) => planId)).size).toBe(1);
    });

    it('change together with the instance, or not at all', async () => {
      const failed = tenant.run(async (scope) => {
        await scope.serviceInstance.update(aServiceInstance(scope.instanceId, { status: 'failed' }));
        await scope.operations.insert(anOperation(scope.instanceId));
        await scope.instance.remove();
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      await tenant.run(async (scope) => {
        expect(await scope.serviceInstance.get()).toMatchObject({ status: 'ready' });
        expect(await scope.operations.newest()).toBeUndefined();
        expect(await scope.instance.get()).toBeDefined();
      });
    });

    it('outlast the instance, and go after their operations and bindings', async () => {
      await tenant.run((scope) => scope.instance.remove());
      await tenant.run(({ operations, instanceId }) => operations.insert(anOperation(instanceId)));
      await expect(tenant.run(({ serviceInstance }) => serviceInstance.remove())).rejects.toThrow();
      await tenant.run(async ({ operations, serviceInstance }) => {
        await operations.removeAll();
        await serviceInstance.remove();
        expect(await serviceInstance.lock()).toBeUndefined();
      });
      await tenant.run(({ serviceInstance }) => serviceInstance.update(aServiceInstance(tenant.id())));
      expect(await tenant.run(({ serviceInstance }) => serviceInstance.get())).toBeUndefined();
    });
  });
}

function describeOperations(tenant: Tenant): void {
  describe('operations', () => {
    const put = (changes: Partial<InstanceOperation>) =>
      tenant.run(({ operations }) => operations.insert(anOperation(tenant.id(), changes)));
    const numbers = () =>
      tenant.run(async ({ operations }) => {
        const found: number[] = [];
        for (const number of [1, 2, 3]) if ((await operations.get(number)) !== undefined) found.push(number);
        return found;
      });

    it('are what was put in, every field', async () => {
      const bare = anOperation(tenant.id());
      const whole: Required<InstanceOperation> = {
        ...bare,
        number: 2,
        kind: 'update',
        state: 'succeeded',
        step: 'done',
        background: true,
        changeHash: 'h',
        description: 'done',
        attempts: 3,
        notBefore: AT,
        finishedAt: AT,
      };
      await tenant.run(async ({ operations }) => {
        expect(await operations.newest()).toBeUndefined();
        await operations.insert(bare);
        expect(await operations.newest()).toStrictEqual(bare);
        await operations.update({ ...bare, state: 'failed' });
        await operations.insert(whole);
        expect(await operations.newest()).toStrictEqual(whole);
        expect(await operations.get(1)).toStrictEqual({ ...bare, state: 'failed' });
        expect(await operations.get(3)).toBeUndefined();
        await operations.update({ ...omit(whole, 'description'), number: 3 });
        expect(await operations.get(3)).toBeUndefined();
      });
    });

    it('are open one at a time, and have a number each', async () => {
      await put({});
      await expect(put({ number: 2 })).rejects.toThrow();
      await expect(put({ state: 'failed' })).rejects.toThrow();
      await put({ number: 2, state: 'failed' });
      const reopened = tenant.run(({ operations }) => operations.update(anOperation(tenant.id(), { number: 2 })));
      await expect(reopened).rejects.toThrow();
    });

    it('need a service instance', async () => {
      const { id } = anInstance();
      const attempt = tenant.harness().unitOfWork.forTenant(id, ({ operations }) => operations.insert(anOperation(id)));
      await expect(attempt).rejects.toThrow();
    });

    it('are pruned when they were finished before, except the newest', async () => {
      await put({ number: 1, state: 'succeeded', finishedAt: day(1) });
      await put({ number: 2, state: 'failed', finishedAt: day(2) });
      await put({ number: 3, state: 'succeeded', finishedAt: day(3) });
      await tenant.run(({ operations }) => operations.prune(day(1)));
      expect(await numbers()).toEqual([2, 3]);
      await tenant.run(({ operations }) => operations.prune(day(9)));
      expect(await numbers()).toEqual([3]);
    });
  });
}

function describeServiceBindings(tenant: Tenant): void {
  describe('service bindings', () => {
    const binding: ServiceBinding = {
      id: 'binding 1',
      attributes: { parameters: { a: [1, { b: null }] }, resource: { app_guid: 'x' } },
      fingerprint: 'f',
      createdAt: AT,
    };

    it('are of whoever comes first, until they are removed', async () => {
      const insert = (changes: Partial<ServiceBinding> = {}) =>
        tenant.run(({ serviceBindings }) => serviceBindings.insertIfAbsent({ ...binding, ...changes }));
      expect([await insert(), await insert({ fingerprint: 'g' })]).toEqual([true, false]);
      await tenant.run(async ({ serviceBindings }) => {
        expect(await serviceBindings.get(binding.id)).toStrictEqual(binding);
        expect([await serviceBindings.remove('other'), await serviceBindings.remove(binding.id)]).toEqual([
          false,
          true,
        ]);
        expect(await serviceBindings.get(binding.id)).toBeUndefined();
      });
      expect([await insert({ id: 'a' }), await insert({ id: 'b' })]).toEqual([true, true]);
      await tenant.run(({ serviceBindings }) => serviceBindings.removeAll());
      expect([await insert({ id: 'a' }), await insert({ id: 'b' })]).toEqual([true, true]);
    });
  });
}

function describeCustodyCensus(tenant: Tenant): void {
  describe('the census of custody', () => {
    const store = () => tenant.harness().storeOf(tenant.id());
    const put = (changes: Parameters<typeof aManagedObject>[0] = {}) =>
      putObject(store(), tenant.id(), aManagedObject(changes));
    const under = (rootKeyId: string) => ({
      custody: { storedKeyId: randomUUID(), rootKeyId, rootKeyVersion: '1' },
    });

    it('counts keys that clients use or are about to', async () => {
      await put();
      await put({ state: 'Active' });
      await put({ state: 'Active', destroyRequestedAt: AT });
      await put({ state: 'Deactivated' });
      expect(await tenant.run(({ custody }) => custody.countInUse())).toBe(2);
    });

    it('says where wrapped keys lie, also those of a root key that is bound no more', async () => {
      const binding = aRootKeyBinding(tenant.id());
      await tenant.run(({ bindings }) => bindings.insert(binding));
      for (const rootKeyId of ['crk-1', 'crk-9', 'crk-1']) await put({ state: 'Deactivated', ...under(rootKeyId) });
      expect(await tenant.run(({ custody }) => custody.storedKeys())).toEqual([
        { keyManagerCrn: binding.keyManagerCrn, count: 2 },
        { keyManagerCrn: 'the key manager of root key crk-9', count: 1 },
      ]);
    });

    it('says when the instance was last used, by a client or an administrator', async () => {
      const last = () => tenant.run(({ custody }) => custody.lastActivity());
      expect(await last()).toBeUndefined();
      const { initialDate } = await put();
      expect(await last()).toEqual(initialDate);
      await tenant.run((scope) => {
        scope.record(anAuditEvent(scope.instanceId, { occurredAt: AT }));
        return Promise.resolve();
      });
      expect(await last()).toEqual(AT);
    });
  });
}

function describeDirectory(tenant: Tenant): void {
  describe('the directory of the region', () => {
    const directory = () => tenant.harness().directory;
    const put = async (changes: Partial<ServiceInstance> = {}): Promise<InstanceId> =>
      (await putServiceInstance(tenant.harness().unitOfWork, changes)).id;
    const operation = (id: InstanceId, changes: Partial<InstanceOperation>) =>
      tenant.harness().unitOfWork.forTenant(id, ({ operations }) => operations.insert(anOperation(id, changes)));
    /** The database is shared with other tests. */
    const mine = (found: readonly InstanceId[], ...ids: readonly InstanceId[]) =>
      found.filter((id) => ids.includes(id));

    it('names open operations that are due, the longest due first', async () => {
      const [later, sooner, tomorrow, done] = [await put(), await put(), await put(), await put()];
      await operation(later, { notBefore: day(2) });
      await operation(sooner, { number: 7, notBefore: day(1) });
      await operation(tomorrow, { notBefore: day(4) });
      await operation(done, { notBefore: day(1), state: 'succeeded' });
      const due = await directory().dueOperations(day(3), ALL);
      const ours = due.filter(({ instanceId }) => [later, sooner, tomorrow, done].includes(instanceId));
      expect(ours).toEqual([
        { instanceId: sooner, number: 7 },
        { instanceId: later, number: 1 },
      ]);
      expect(await directory().dueOperations(day(3), 1)).toHaveLength(1);
    });

    it('names the instances that the platform should have, in the order of ids', async () => {
      const present = [await put({ crn: 'crn:1' }), await put({ status: 'deprovisioning' })].sort();
      const ended = [await put({ status: 'deleted' }), await put({ status: 'failed' })];
      const all = await directory().instances({ limit: ALL });
      const ids = all.map(({ instanceId }) => instanceId);
      expect(mine(ids, ...present, ...ended)).toEqual(present);
      expect(all.map(({ crn }) => crn)).toContain('crn:1');
      const after = await directory().instances({ after: present[0]!, limit: ALL });
      expect(
        mine(
          after.map(({ instanceId }) => instanceId),
          ...present,
        ),
      ).toEqual([present[1]]);
      expect(await directory().instances({ limit: 1 })).toHaveLength(1);
    });

    it('names instances of which something is old enough to be forgotten', async () => {
      const limits = { before: day(2), usageBefore: day(2), limit: ALL };
      const [old, young] = [
        await put({ status: 'deleted', updatedAt: day(2) }),
        await put({ status: 'failed', updatedAt: day(3) }),
      ];
      const [lives, single, metered] = [await put({ updatedAt: day(1) }), await put(), await put()];
      for (const number of [1, 2]) await operation(lives, { number, state: 'succeeded', finishedAt: day(1) });
      await operation(single, { state: 'succeeded', finishedAt: day(1) });
      await tenant.harness().unitOfWork.forTenant(metered, async ({ usage }) => {
        const { crn, serviceId, planId } = aServiceInstance(metered);
        const record = { instanceId: metered, crn, serviceId, planId, liveKeys: 1, clientCertificates: 1 };
        await usage.insertIfAbsent({ ...record, startedAt: day(1), endedAt: day(2) }, AT);
        await usage.settle(day(1), { state: 'accepted', attempts: 1, notBefore: AT });
      });
      const expired = [old, lives, metered].sort();
      expect(mine(await directory().expired(limits), ...expired, young, single)).toEqual(expired);
      expect(mine(await directory().expired({ ...limits, after: expired[1]! }), ...expired)).toEqual([expired[2]]);
    });
  });
}
