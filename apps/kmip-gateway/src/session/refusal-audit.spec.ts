import { type AuditEvent } from '@lib/audit';

import { RefusalAudit } from './refusal-audit';
import { entry, FINGERPRINT, INSTANCE, NOW, peer } from './session.fixture';

describe('RefusalAudit', () => {
  let recorded: AuditEvent[];
  let unrecorded: unknown[];
  let release: (() => void)[];
  let store: 'up' | 'down' | 'hanging';

  beforeEach(() => {
    [recorded, unrecorded, release, store] = [[], [], [], 'up'];
  });

  const audit = (patienceMs = 60_000): RefusalAudit =>
    new RefusalAudit({
      sink: {
        record: async (event) => {
          if (store === 'down') throw new Error('the database is away');
          if (store === 'hanging') await new Promise<void>((resolve) => release.push(resolve));
          recorded.push(event);
        },
      },
      clock: { now: () => NOW, monotonicMs: () => 0 },
      endpointName: 'kmip-1',
      unrecorded: (error) => unrecorded.push(error),
      patienceMs,
      maximumAtOnce: 2,
    });

  it('is in the trail of the instance before the client hears of it', async () => {
    await audit().record(peer(), entry(), 'certificate_expired');
    expect(recorded).toEqual([
      expect.objectContaining({
        instanceId: INSTANCE,
        action: 'vmware-solutions.kmip-server.refuse',
        occurredAt: NOW,
        outcome: 'failure',
        reason: 'certificate_expired',
        initiator: { kind: 'certificate', fingerprint: FINGERPRINT, name: 'vcenter-01', address: '192.0.2.1' },
        target: { kind: 'certificate', id: 'c1', name: 'vcenter-01' },
        observer: 'kmip-1',
      }),
    ]);
  });

  it('stays a refusal when the trail cannot be written', async () => {
    store = 'down';
    await expect(audit().record(peer(), entry(), 'instance_disabled')).resolves.toBeUndefined();
    expect(unrecorded).toEqual([new Error('the database is away')]);
  });

  it('does not keep the client waiting for a trail that hangs, and still writes it', async () => {
    store = 'hanging';
    const slow = audit(1);
    await slow.record(peer(), entry(), 'instance_disabled');
    expect(recorded).toEqual([]);
    release.forEach((go) => go());
    await slow.settled();
    expect(recorded).toHaveLength(1);
  });

  it('writes no more at once than it may', async () => {
    store = 'hanging';
    const busy = audit(1);
    await Promise.all([1, 2, 3].map(() => busy.record(peer(), entry(), 'instance_disabled')));
    expect(unrecorded).toEqual([undefined]);
    release.forEach((go) => go());
    await busy.settled();
    expect(recorded).toHaveLength(2);
  });
});
