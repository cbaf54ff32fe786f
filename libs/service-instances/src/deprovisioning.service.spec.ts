import { randomUUID } from 'node:crypto';

import { HOUR_MS, startOfHour } from '@lib/metering';
import { aClientCertificate, aManagedObject, aRootKeyBinding, aSealedCredential, putObject } from '@lib/testing';

import { type Removal } from './deprovisioning.service';
import { requireInstanceCrn } from './instance-identity';
import { DEDICATED, OrderingHarness } from './ordering.fixture';
import { type Order } from './provisioning.service';

describe('DeprovisioningService', () => {
  let harness: OrderingHarness;
  beforeEach(() => {
    harness = new OrderingHarness();
  });
  const remove = (order: Order, changes: Partial<Removal> = {}) =>
    harness.deprovisioning().deprovision(harness.removal(order, changes));
  const putKey = ({ instanceId }: Order, state: 'Active' | 'Deactivated' = 'Active') => {
    const custody = { storedKeyId: randomUUID(), rootKeyId: 'crk-1', rootKeyVersion: '1' };
    return putObject(harness.region.storeOf(instanceId), instanceId, aManagedObject({ state, custody }));
  };

  it('erases all that is ours, and says what is left of theirs', async () => {
    const order = await harness.ordered();
    const { keyManagerCrn } = aRootKeyBinding(order.instanceId);
    await putKey(order, 'Deactivated');
    await harness.unitOfWork.forTenant(order.instanceId, async (scope) => {
      await scope.bindings.insert(aRootKeyBinding(order.instanceId));
      await scope.credentials.put(aSealedCredential(order.instanceId));
      await scope.certificates.insert(aClientCertificate(order.instanceId));
    });
    const keysLeftBehind = [{ keyManagerCrn, count: 1 }];
    expect(await remove(order)).toMatchObject({ kind: 'removed', keysLeftBehind });
    const { instance, credential, bindings, certificates, serviceInstance } = harness.rows(order);
    expect([instance, credential, bindings.size, certificates.size]).toEqual([undefined, undefined, 0, 0]);
    expect(harness.region.storeOf(order.instanceId).objects()).toEqual([]);
    expect(serviceInstance).toMatchObject({
      status: 'deleted',
      attributes: { parameters: {}, context: {}, keysLeftBehind },
    });
    expect(harness.actions(order)).toEqual(['instance.create', 'instance.update', 'instance.delete']);
    const { details } = harness.region.recorded(order.instanceId).at(-1)!;
    expect(details).toEqual({ wrappedKeysLeft: 1, keyManagers: keyManagerCrn });
  });

  it('records that it demanded a second person, for whichever instance gets its keys', async () => {
    const order = await harness.ordered();
    await harness.unitOfWork.forTenant(order.instanceId, async (scope) => {
      const instance = await scope.instance.lock();
      await scope.instance.update({ ...instance!, secondPersonToDestroy: true });
    });
    await remove(order);
    expect(harness.region.recorded(order.instanceId).at(-1)?.details).toMatchObject({ secondPersonToDestroy: true });
  });

  it('records the hour in which it ends, with what was there in it', async () => {
    const order = await harness.ordered();
    const { instanceId } = order;
    const initialDate = harness.clock.now();
    await putObject(
      harness.region.storeOf(instanceId),
      instanceId,
      aManagedObject({ initialDate, state: 'Deactivated' }),
    );
    await remove(order);
    const startedAt = startOfHour(harness.clock.now());
    const endedAt = new Date(startedAt.getTime() + HOUR_MS);
    expect([...harness.rows(order).usage.values()]).toMatchObject([
      { startedAt, liveKeys: 1, state: 'pending', notBefore: endedAt },
    ]);
  });

  it('cuts clients off first, and waits until that is known everywhere before a key is forgotten', async () => {
    const order = await harness.ordered({}, { plan: DEDICATED });
    await putKey(order, 'Deactivated');
    const refused = remove(order, { acceptsIncomplete: false });
    await expect(refused).rejects.toMatchObject({ code: 'catalog_async_required' });
    const [first, again] = [await remove(order), await remove(order)];
    expect([first, again]).toMatchObject([{ operation: { number: 2, step: 'settle' } }, { operation: { number: 2 } }]);
    expect(harness.rows(order).instance?.state).toBe('removing');
    expect(harness.region.notices.at(-1)).toBe(order.instanceId);
    await harness.runner.drive(order.instanceId, 2);
    expect(harness.region.storeOf(order.instanceId).objects()).toHaveLength(1);
    await harness.work();
    expect(harness.region.storeOf(order.instanceId).objects()).toEqual([]);
    expect(await harness.states.lastOperation(order, 'deprovision-2')).toMatchObject({ state: 'succeeded' });
  });

  it('erases more keys than one batch', async () => {
    const order = await harness.ordered();
    const erase = jest.spyOn(harness.region.storeOf(order.instanceId), 'erase');
    const left = [1_000, 1_000, 1_000, 1_000, 3];
    erase.mockImplementation(() => left.shift() ?? 0);
    await remove(order);
    expect(left).toEqual([]);
  });

  describe('an instance whose keys are in use', () => {
    it('is kept, and nothing is changed', async () => {
      const order = await harness.ordered();
      await putKey(order);
      const before = harness.rows(order);
      await expect(remove(order)).rejects.toMatchObject({ code: 'catalog_keys_in_use' });
      expect(harness.rows(order)).toEqual(before);
    });

    it.each<[string, object, Partial<Removal>]>([
      ['the caller knows', {}, { confirmed: true }],
      ['the orderer agreed', { delete_active_keys: true }, {}],
    ])('is deleted when %s', async (_who, parameters, changes) => {
      const order = await harness.ordered(parameters);
      await putKey(order);
      expect(await remove(order, changes)).toMatchObject({ kind: 'removed' });
    });

    it('is deleted when its reclamation has passed, and not when it was restored', async () => {
      const order = await harness.ordered();
      await putKey(order);
      const setEnabled = (enabled: boolean, reason: string) => harness.states.setEnabled({ ...order, enabled, reason });
      await setEnabled(false, 'IBMCLOUD_RECLAMATION_SCHEDULE');
      await setEnabled(true, 'IBMCLOUD_RECLAMATION_RESTORE');
      await expect(remove(order)).rejects.toMatchObject({ code: 'catalog_keys_in_use' });
      await setEnabled(false, 'IBMCLOUD_RECLAMATION_SCHEDULE');
      await setEnabled(false, 'IBMCLOUD_ACCT_SUSPEND');
      expect(await remove(order)).toMatchObject({ kind: 'removed' });
    });
  });

  it('halts a provisioning', async () => {
    const order = harness.order({}, { plan: DEDICATED });
    await harness.provisioning().provision(order);
    await remove(order);
    expect(await harness.states.lastOperation(order, 'provision-1')).toMatchObject({ state: 'failed' });
    await harness.work();
    expect(harness.rows(order).serviceInstance?.status).toBe('deleted');
  });

  it('does not overtake an update', async () => {
    const order = await harness.ordered({}, { plan: DEDICATED });
    await harness.updates.update({
      ...harness.removal(order),
      parameters: { name: 'renamed' },
      platformContext: {},
    });
    await expect(remove(order)).rejects.toMatchObject({ code: 'catalog_concurrent_operation' });
  });

  it('says so when there is nothing to end', async () => {
    const gone = { code: 'catalog_instance_gone' };
    await expect(remove(harness.order())).rejects.toMatchObject(gone);
    const order = await harness.ordered();
    const foreign = requireInstanceCrn(order.crn.text.replace(/a\/[^:]*/, 'a/another'));
    await expect(remove({ ...order, ...foreign })).rejects.toMatchObject(gone);
    await remove(order);
    await expect(remove(order)).rejects.toMatchObject(gone);
  });
});
