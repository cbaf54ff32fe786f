import { type InstanceId } from '@lib/kernel';
import { type Instance } from '@lib/tenancy';

/** A restored database may have a webhook that was removed since. */
export interface RestoreHold {
  heldSince(instanceId: InstanceId): Date | undefined;
}

/** Whether nothing is sent of an instance now. */
export const isQuiet = ({ id, enabled, state }: Instance, restore: RestoreHold): boolean =>
  !enabled || state === 'removing' || restore.heldSince(id) !== undefined;
