import type { FaultInData } from './faults';
import type { AnyValue, DataObject, DateTime, ManagedObjectReference } from './values';

export type TaskState = 'queued' | 'running' | 'success' | 'error';

/** T:78220. A finished task vanishes after some minutes: ManagedObjectNotFound [inferred]. */
export interface TaskInfo extends DataObject<'TaskInfo'> {
  readonly key: string;
  readonly task: ManagedObjectReference;
  readonly name?: string;
  readonly descriptionId: string;
  readonly entity?: ManagedObjectReference;
  readonly entityName?: string;
  readonly state: TaskState;
  readonly cancelled: boolean;
  readonly cancelable: boolean;
  readonly error?: FaultInData;
  readonly result?: AnyValue;
  /** Percent; absent or 0 before work. */
  readonly progress?: number;
  readonly reason?: DataObject;
  readonly queueTime: DateTime;
  readonly startTime?: DateTime;
  readonly completeTime?: DateTime;
  readonly eventChainId?: number;
}
