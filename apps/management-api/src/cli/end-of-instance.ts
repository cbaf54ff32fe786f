import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type PostgresAuditTrail } from '@lib/persistence';

/** @returns the record of the end of an instance that was removed, which its trail outlives; the last, where there are several */
export async function endOf(
  trail: Pick<PostgresAuditTrail, 'list'>,
  instanceId: InstanceId,
): Promise<AuditEvent | undefined> {
  const action = 'vmware-solutions.instance.delete';
  const [end] = await trail.list(instanceId, { action, outcome: 'success', newestFirst: true, limit: 1 });
  return end?.event;
}

/**
 * Who removes an instance and has its keys brought back cannot destroy them alone then, where he could not before
 * (docs/adr/0118-a-second-person-outlives-the-switch.md).
 */
export const demandedSecondPerson = (end: AuditEvent | undefined): boolean =>
  end?.details?.['secondPersonToDestroy'] === true;
