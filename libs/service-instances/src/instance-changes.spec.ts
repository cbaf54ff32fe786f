import { randomUUID } from 'node:crypto';

import { needsSecondPerson } from '@lib/tenancy';
import { aManagedObject, putObject } from '@lib/testing';

import { requireInstanceCrn } from './instance-identity';
import { type InstanceChange } from './instance-update.service';
import { context, DEDICATED, OrderingHarness, plans } from './ordering.fixture';
import { type Order } from './provisioning.service';
import { RootKeyProposals } from './root-key-proposals';
import { ServiceBindingService } from './service-binding.service';

describe('changes of an ordered instance', () => {
  let harness: OrderingHarness;
  let order: Order;
  beforeEach(async () => {
    harness = new OrderingHarness();
    order = await harness.ordered();
  });
  const foreign = () => ({ ...order, ...requireInstanceCrn(order.crn.text.replace(/a\/[^:]*/, 'a/another')) });

  describe('InstanceUpdateService', () => {
    const update = (changes: Partial<InstanceChange> = {}, of: Order = order) =>
      harness.updates.update({ ...of, plans, parameters: {}, platformContext: {}, ...changes });

    it('changes plan, name and parameters together', async () => {
      const changed = await update({ planId: 'dedicated', parameters: { name: 'renamed', location: 'eu-de' } });
      expect(changed).toMatchObject({ kind: 'accepted', operation: { kind: 'update', step: 'settle' } });
      await expect(harness.states.get(order)).rejects.toMatchObject({ code: 'catalog_concurrent_operation' });
      await harness.work();
      expect(await harness.states.get(order)).toMatchObject({
        planId: 'dedicated',
        attributes: { parameters: { name: 'renamed', location: 'eu-de' } },
      });
      expect(harness.rows(order).instance).toMatchObject({ name: 'renamed', maximumKeys: 100 });
      expect(harness.actions(order)).toEqual(['instance.create', 'instance.update']);
    });

    it('makes at once what needs no settling, and nothing of what is so already', async () => {
      expect(await update({ platformContext: { name: 'renamed' } })).toEqual({ kind: 'changed' });
      const { revision } = harness.rows(order).instance!;
      expect(await update({ platformContext: { name: 'renamed' } })).toEqual({ kind: 'changed' });
      expect(harness.rows(order).instance).toMatchObject({ name: 'renamed', revision });
    });

    it('takes an order with the changed parameters for the same one', async () => {
      await update({ parameters: { name: 'renamed' } });
      const parameters = { name: 'renamed' };
      const again = { ...order, attributes: { ...order.attributes, parameters } };
      expect(await harness.provisioning().provision(again)).toEqual({ kind: 'exists' });
      await expect(harness.provisioning().provision(order)).rejects.toMatchObject({ code: 'catalog_conflict' });
    });

    it('takes the same change again for the same operation, and no other meanwhile', async () => {
      const change = { planId: 'dedicated' };
      await expect(update({ ...change, acceptsIncomplete: false })).rejects.toMatchObject({
        code: 'catalog_async_required',
      });
      const [first, again] = [await update(change), await update(change)];
      expect([first, again]).toMatchObject([{ operation: { number: 2 } }, { operation: { number: 2 } }]);
      await expect(update()).rejects.toMatchObject({ code: 'catalog_concurrent_operation' });
    });

    it('lowers no quota below what is there, and changes nothing then', async () => {
      const large = await harness.ordered({}, { plan: DEDICATED });
      const store = harness.region.storeOf(large.instanceId);
      for (let n = 0; n < 11; n += 1) await putObject(store, large.instanceId, aManagedObject());
      const before = harness.rows(large);
      const smaller = update({ planId: 'standard', parameters: { name: 'x' } }, large);
      await expect(smaller).rejects.toMatchObject({ code: 'catalog_plan_limit' });
      expect(harness.rows(large)).toEqual(before);
      store.erase(1);
      expect(await update({ planId: 'standard' }, large)).toMatchObject({ kind: 'accepted' });
    });

    it('refuses a name that cannot be shown, and an instance of another account', async () => {
      await expect(update({ parameters: { name: ' ' } })).rejects.toMatchObject({ code: 'invalid_name' });
      await expect(update({}, foreign())).rejects.toMatchObject({ code: 'catalog_instance_unknown' });
    });
  });

  describe('InstanceStateService', () => {
    it('disables and enables with its reason, and records a change once', async () => {
      const set = (enabled: boolean, reason?: string) => harness.states.setEnabled({ ...order, enabled, reason });
      for (let n = 0; n < 2; n += 1)
        expect(await set(false, 'IBMCLOUD_ACCT_SUSPEND')).toMatchObject({ enabled: false });
      expect(harness.rows(order).instance).toMatchObject({ enabled: false, disabledReason: 'IBMCLOUD_ACCT_SUSPEND' });
      expect(await set(true)).toMatchObject({ enabled: true });
      expect(harness.rows(order).instance).not.toHaveProperty('disabledReason');
      expect(harness.actions(order)).toEqual(['instance.create', 'instance.disable', 'instance.enable']);
    });

    it('begins anew the day in which a second person is demanded still, which stood still meanwhile', async () => {
      const set = (enabled: boolean) =>
        harness.states.setEnabled({ ...order, enabled, reason: 'IBMCLOUD_RECLAMATION' });
      const { instanceId } = order;
      const until = new Date(harness.clock.now().getTime() + 86_400_000);
      await harness.unitOfWork.forTenant(instanceId, async (scope) => {
        await scope.instance.update({ ...(await scope.instance.get())!, secondPersonUntil: until });
      });
      await set(false);
      harness.clock.advance(90_000_000);
      expect(needsSecondPerson(harness.rows(order).instance!, harness.clock.now())).toBe(true);
      await set(true);
      const { secondPersonUntil } = harness.rows(order).instance!;
      expect(secondPersonUntil).toEqual(new Date(harness.clock.now().getTime() + 86_400_000));
      expect(harness.region.recorded(instanceId).at(-1)?.details).toMatchObject({
        secondPersonUntil: secondPersonUntil!.toISOString(),
      });
    });

    it('says when the instance was last used', async () => {
      const at = harness.clock.now();
      harness.clock.advance(60_000);
      expect(await harness.states.enablement(order)).toEqual({ enabled: true, lastActivity: at });
    });

    it.each([
      ['provision-1', 1],
      ['provision-99', 2],
      ['no name', 2],
      ['provision-99999999999', 2],
      [undefined, 2],
    ])('of operation %j tells of number %i', async (name, number) => {
      await harness.deprovisioning().deprovision(harness.removal(order));
      expect(await harness.states.lastOperation(order, name)).toMatchObject({ number });
    });

    it('knows no instance by another name, nor one that was deleted', async () => {
      const unknown = { code: 'catalog_instance_unknown' };
      await expect(harness.states.get(foreign())).rejects.toMatchObject(unknown);
      await expect(harness.states.lastOperation(foreign())).rejects.toMatchObject(unknown);
      await harness.deprovisioning().deprovision(harness.removal(order));
      await expect(harness.states.enablement(order)).rejects.toMatchObject(unknown);
    });
  });

  describe('ServiceBindingService', () => {
    const attributes = { parameters: {}, resource: {} };
    const service = () => new ServiceBindingService(harness.unitOfWork, harness.clock);
    const bind = (fingerprint = 'f', of: Order = order) =>
      service().bind({ ...of, bindingId: 'b', attributes, fingerprint });

    it('binds once, whoever asks at once', async () => {
      const made = await Promise.all([bind(), bind(), bind()]);
      expect(made.filter(({ created }) => created)).toHaveLength(1);
      await expect(bind('other')).rejects.toMatchObject({ code: 'catalog_conflict' });
      expect(await service().get(order, 'b')).toMatchObject({ id: 'b', attributes });
      await expect(service().get(foreign(), 'b')).rejects.toMatchObject({ code: 'catalog_binding_unknown' });
    });

    it('binds to nothing that is disabled or not ready', async () => {
      await harness.states.setEnabled({ ...order, enabled: false, context });
      await expect(bind()).rejects.toMatchObject({ code: 'catalog_instance_disabled' });
      const made = harness.order({}, { plan: DEDICATED });
      await harness.provisioning().provision(made);
      await expect(bind('f', made)).rejects.toMatchObject({ code: 'catalog_concurrent_operation' });
      await expect(bind('f', foreign())).rejects.toMatchObject({ code: 'catalog_instance_unknown' });
    });

    it('unbinds once, and what is deleted with its instance not at all', async () => {
      await bind();
      await service().unbind(order, 'b');
      await expect(service().unbind(order, 'b')).rejects.toMatchObject({ code: 'catalog_binding_gone' });
      await bind();
      await harness.deprovisioning().deprovision(harness.removal(order));
      await expect(service().unbind(order, 'b')).rejects.toMatchObject({ code: 'catalog_binding_gone' });
    });
  });

  it.each([
    [{}, undefined],
    [{ root_key_id: 'crk' }, undefined],
    [{ key_manager_crn: 'crn' }, { keyManagerCrn: 'crn' }],
    [
      { key_manager_crn: 'crn', root_key_id: 'crk' },
      { keyManagerCrn: 'crn', rootKeyId: 'crk' },
    ],
  ])('with %j proposes the root key %j', async (parameters, proposed) => {
    const { instanceId } = await harness.ordered(parameters);
    const proposals = new RootKeyProposals(harness.unitOfWork);
    expect(await proposals.of(instanceId)).toEqual(proposed);
    expect(await proposals.of(randomUUID() as typeof instanceId)).toBeUndefined();
  });
});
