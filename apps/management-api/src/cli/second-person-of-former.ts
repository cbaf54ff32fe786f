import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type InstanceService } from '@lib/tenancy';

import { operatorContext } from './operator';

/**
 * Who removes an instance and has its keys brought back cannot destroy them alone then, where he could not before: the
 * record of its end says what it demanded.
 */
export async function demandAsBefore(
  instances: Pick<InstanceService, 'get' | 'setOptions'>,
  instanceId: InstanceId,
  end: AuditEvent | undefined,
): Promise<void> {
  if (end?.details?.['secondPersonToDestroy'] !== true) return;
  if ((await instances.get(instanceId)).secondPersonToDestroy) return;
  await instances.setOptions(instanceId, { secondPersonToDestroy: true }, operatorContext());
}
