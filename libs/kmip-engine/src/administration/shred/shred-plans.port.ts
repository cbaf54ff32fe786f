import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';

import {
  type CountedShredPlan,
  type ShownKey,
  type ShredPlan,
  type ShredRecord,
  type WholeShredPlan,
} from './shred-plan';

export interface ShredPlanChange {
  readonly plan: ShredPlan;
  /** Beside those that are there. */
  readonly shown?: Readonly<Record<string, ShownKey>>;
  readonly record?: ShredRecord;
  /** Absent for progress alone. */
  readonly audit?: AuditEvent;
}

/** The shred plans of one instance. What is changed commits its audit record with it. */
export interface ShredPlans {
  list(): Promise<readonly CountedShredPlan[]>;
  find(id: string): Promise<WholeShredPlan | undefined>;
  /** @returns false when there are `maximum` already */
  add(plan: WholeShredPlan, maximum: number, audit: AuditEvent): Promise<boolean>;
  /** @returns false when the plan is not in one of these states any more; nothing is changed or recorded then */
  change(from: readonly ShredPlan['state'][], change: ShredPlanChange): Promise<boolean>;
  /** @returns as {@link change} */
  remove(id: string, from: readonly ShredPlan['state'][], audit: AuditEvent): Promise<boolean>;
}

export interface AllShredPlans {
  forInstance(instanceId: InstanceId): ShredPlans;
}
