import { type InstanceId } from '@lib/kernel';

import { context, OrderingHarness } from './ordering.fixture';
import { type PlatformView, PlatformReconciler } from './platform-reconciler';
import { type Order } from './provisioning.service';
import { ServiceInstanceRetention } from './service-instance-retention';

const DAY_MS = 86_400_000;

describe('ServiceInstanceRetention', () => {
  let harness: OrderingHarness;
  beforeEach(() => {
    harness = new OrderingHarness();
  });
  const prune = () => new ServiceInstanceRetention(harness.unitOfWork, harness.directory, harness.clock).prune();
  const remove = (order: Order) => harness.deprovisioning().deprovision(harness.removal(order));

  it('forgets an instance 30 days after its end, and its accepted usage after 90', async () => {
    const order = await harness.ordered();
    await remove(order);
    await harness.unitOfWork.forTenant(order.instanceId, async ({ usage }) => {
      const outcome = { state: 'accepted', attempts: 1, notBefore: harness.clock.now() } as const;
      for (const { startedAt } of harness.rows(order).usage.values()) await usage.settle(startedAt, outcome);
    });
    harness.clock.advance(30 * DAY_MS - 1);
    await prune();
    expect(harness.rows(order).serviceInstance?.status).toBe('deleted');
    harness.clock.advance(1);
    await prune();
    const { serviceInstance, operations, usage } = harness.rows(order);
    expect([serviceInstance, operations.size, usage.size]).toEqual([undefined, 0, 1]);
    harness.clock.advance(61 * DAY_MS);
    await prune();
    expect(harness.rows(order).usage.size).toBe(0);
  });

  it('keeps the newest operation of an instance that lives', async () => {
    const order = await harness.ordered();
    await remove(order);
    await harness.provisioning().provision(order);
    harness.clock.advance(30 * DAY_MS);
    await prune();
    expect([...harness.rows(order).operations.keys()]).toEqual([3]);
    expect(harness.rows(order).serviceInstance?.status).toBe('ready');
  });

  it('keeps usage that found no end', async () => {
    const order = await harness.ordered();
    await remove(order);
    harness.clock.advance(91 * DAY_MS);
    await prune();
    expect(harness.rows(order).usage.size).toBe(1);
  });
});

describe('PlatformReconciler', () => {
  let harness: OrderingHarness;
  let views: Map<string, PlatformView>;
  beforeEach(() => {
    harness = new OrderingHarness();
    views = new Map();
  });
  const ordered = async (view: PlatformView): Promise<Order> => {
    const order = await harness.ordered();
    views.set(order.crn.text, view);
    return order;
  };
  const reconcile = () => {
    const platform = { find: (crn: string) => Promise.resolve(views.get(crn) ?? ({ kind: 'unknown' } as const)) };
    return new PlatformReconciler(harness.unitOfWork, harness.directory, platform, harness.clock).reconcile();
  };
  const active = { kind: 'present', state: 'active' } as const;
  const sorted = (...orders: readonly Order[]): InstanceId[] => orders.map(({ instanceId }) => instanceId).sort();

  it('marks what the platform does not have, deletes nothing, and takes the mark back', async () => {
    const [present, gone, absent] = [
      await ordered(active),
      await ordered({ kind: 'present', state: 'removed' }),
      await ordered({ kind: 'absent' }),
    ];
    await ordered({ kind: 'unknown' });
    const report = await reconcile();
    expect(report).toMatchObject({ checked: 4, undecided: 1, blind: false });
    expect([...report.orphans].sort()).toEqual(sorted(gone, absent));
    expect([present, gone, absent].map((order) => harness.rows(order).serviceInstance?.orphanedAt)).toEqual([
      undefined,
      harness.clock.now(),
      harness.clock.now(),
    ]);
    expect(harness.rows(absent).instance).toBeDefined();
    views.set(absent.crn.text, active);
    await reconcile();
    expect(harness.rows(absent).serviceInstance).not.toHaveProperty('orphanedAt');
  });

  it('takes a platform that shows none of our instances for one that we may not see', async () => {
    const order = await ordered({ kind: 'absent' });
    expect(await reconcile()).toMatchObject({ orphans: [], blind: true });
    expect(harness.rows(order).serviceInstance).not.toHaveProperty('orphanedAt');
  });

  it('names what is open here although the platform holds it for deletion', async () => {
    const held = { kind: 'present', state: 'pending_reclamation' } as const;
    const [open, closed] = [await ordered(held), await ordered(held)];
    await harness.states.setEnabled({ ...closed, enabled: false, context });
    expect((await reconcile()).shouldBeDisabled).toEqual([open.instanceId]);
  });
});
