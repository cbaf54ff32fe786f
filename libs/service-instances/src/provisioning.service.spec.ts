import { describeCertificate, issueClientCertificate } from '@lib/pki';
import { aClientCertificate, aRootKeyBinding, aSealedCredential, instanceCrn } from '@lib/testing';

import { requireInstanceCrn } from './instance-identity';
import { context, DEDICATED, OrderingHarness } from './ordering.fixture';
import { type Order } from './provisioning.service';

const newCertificate = async (): Promise<string> =>
  (await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 90, keyKind: 'ec-p256' })).certificatePem;

describe('ProvisioningService', () => {
  let harness: OrderingHarness;
  let certificate: string;
  beforeAll(async () => {
    certificate = await newCertificate();
  });
  beforeEach(() => {
    harness = new OrderingHarness();
  });
  const provision = (order: Order) => harness.provisioning().provision(order);

  it('makes what was ordered, with its certificates', async () => {
    const order = harness.order({ name: 'own', client_certificates: [{ name: ' vc ', certificate }] });
    expect(await provision(order)).toEqual({ kind: 'created' });
    const { instance, serviceInstance, certificates } = harness.rows(order);
    expect(instance).toMatchObject({ id: order.instanceId, name: 'own', state: 'inactive', maximumKeys: 10 });
    expect(serviceInstance).toMatchObject({ status: 'ready', crn: order.crn.text, planId: 'standard' });
    expect([...certificates.values()].map(({ name }) => name)).toEqual(['vc']);
    expect(harness.actions(order)).toEqual(['instance.create', 'certificate.create']);
    expect(await harness.states.lastOperation(order)).toMatchObject({ kind: 'provision', state: 'succeeded' });
  });

  it('makes one instance of equal orders at once, and says of each later one that it is there', async () => {
    const order = harness.order();
    const kinds = (await Promise.all([provision(order), provision(order), provision(order)])).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(1);
    expect(await provision(order)).toEqual({ kind: 'exists' });
    expect(harness.rows(order).operations.size).toBe(1);
    expect(harness.actions(order)).toEqual(['instance.create']);
  });

  it.each<[string, (order: Order) => Order]>([
    ['parameters', (order) => ({ ...order, attributes: { ...order.attributes, parameters: { name: 'another' } } })],
    ['a plan', (order) => ({ ...order, plan: { ...order.plan, id: 'another' } })],
    ['an account', (order) => ({ ...order, ...requireInstanceCrn(instanceCrn('another', order.instanceId)) })],
  ])('refuses an order of the same id with other %s', async (_what, changed) => {
    const order = await harness.ordered();
    await expect(provision(changed(order))).rejects.toMatchObject({ code: 'catalog_conflict' });
  });

  it('goes on in the background on an asynchronous plan, and settles before it is ready', async () => {
    const order = harness.order({}, { plan: DEDICATED });
    await expect(provision({ ...order, acceptsIncomplete: false })).rejects.toMatchObject({
      code: 'catalog_async_required',
    });
    const [first, again] = [await provision(order), await provision(order)];
    expect([first, again]).toMatchObject([
      { kind: 'accepted', operation: { number: 1 } },
      { operation: { number: 1 } },
    ]);
    await expect(harness.states.get(order)).rejects.toMatchObject({ code: 'catalog_instance_unknown' });
    await harness.work();
    expect(await harness.states.get(order)).toMatchObject({ status: 'ready' });
    expect(await provision(order)).toEqual({ kind: 'exists' });
  });

  it('says how far a tenant has come who was quicker than the order', async () => {
    const order = harness.order({}, { plan: DEDICATED });
    await provision(order);
    await harness.unitOfWork.forTenant(order.instanceId, async ({ credentials, bindings, instanceId }) => {
      await credentials.put(aSealedCredential(instanceId));
      await bindings.insert(aRootKeyBinding(instanceId));
    });
    await harness.work();
    expect(harness.rows(order).instance?.state).toBe('installed');
  });

  it('leaves a certificate alone that its tenant was quicker to register', async () => {
    const order = harness.order({ client_certificates: [{ name: 'vc', certificate }] }, { plan: DEDICATED });
    await provision(order);
    const { fingerprint } = describeCertificate(certificate, harness.clock.now());
    await harness.unitOfWork.forTenant(order.instanceId, ({ certificates, instanceId }) =>
      certificates.insert(aClientCertificate(instanceId, { name: 'mine', fingerprint })),
    );
    await harness.work();
    expect(harness.rows(order).serviceInstance?.status).toBe('ready');
    expect([...harness.rows(order).certificates.values()].map(({ name }) => name)).toEqual(['mine']);
  });

  it('allows an account so many, and leaves nothing of what was refused', async () => {
    const inAccount = () => harness.order({}, requireInstanceCrn(instanceCrn('full')));
    await provision(inAccount());
    await provision(inAccount());
    const third = inAccount();
    await expect(provision(third)).rejects.toMatchObject({ code: 'catalog_plan_limit' });
    expect(harness.region.tenants.has(third.instanceId)).toBe(false);
  });

  it('does not take over an instance that was not ordered here', async () => {
    const order = harness.order();
    const { instance } = harness.rows(await harness.ordered());
    await harness.unitOfWork.forTenant(order.instanceId, (scope) =>
      scope.instance.insert({ ...instance!, id: order.instanceId, crn: order.crn.text }),
    );
    await expect(provision(order)).rejects.toMatchObject({ code: 'catalog_conflict' });
    expect(harness.rows(order).serviceInstance).toBeUndefined();
  });

  it.each<[string, () => readonly { name: string; certificate: string }[]]>([
    ['a name', () => [{ name: '\u0000', certificate }]],
    ['a certificate', () => [{ name: 'vc', certificate: 'no PEM' }]],
  ])('refuses %s that cannot be taken before anything is made', async (_what, certificates) => {
    const order = harness.order({ client_certificates: certificates() });
    await expect(provision(order)).rejects.toThrow();
    expect(harness.region.tenants.has(order.instanceId)).toBe(false);
  });

  it('ends an order that cannot succeed, keeps nothing of it and takes it anew', async () => {
    const twice = ['a', 'b'].map((name) => ({ name: 'same', certificate: name === 'a' ? certificate : '' }));
    twice[1]!.certificate = await newCertificate();
    const order = harness.order({ client_certificates: twice });
    await expect(provision(order)).rejects.toMatchObject({ code: 'catalog_invalid_request' });
    const { instance, certificates, serviceInstance } = harness.rows(order);
    expect([instance, certificates.size, serviceInstance?.status]).toEqual([undefined, 0, 'failed']);
    expect(await harness.states.lastOperation(order)).toMatchObject({ state: 'failed', step: 'done' });
    expect(await provision({ ...order, attributes: { parameters: {}, context: {} } })).toEqual({ kind: 'created' });
    expect(await harness.states.lastOperation(order)).toMatchObject({ number: 2, state: 'succeeded' });
  });

  it('makes anew what was deleted, and does not count the time between', async () => {
    const order = await harness.ordered();
    await harness.deprovisioning().deprovision(harness.removal(order));
    harness.clock.advance(10 * 3_600_000);
    expect(await provision(order)).toEqual({ kind: 'created' });
    const meteredUntil = harness.rows(order).meteredUntil!.getTime();
    expect(harness.clock.now().getTime() - meteredUntil).toBeLessThan(3_600_000);
    expect(harness.rows(order).serviceInstance?.attributes).toEqual(order.attributes);
  });

  it('is known under the name of whoever caused it', async () => {
    const order = await harness.ordered();
    expect(harness.region.recorded(order.instanceId)).toMatchObject([{ ...context, details: { plan: 'Standard' } }]);
  });
});
