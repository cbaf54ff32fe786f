import { reference, type TaskInfo } from '@lib/vi-json';

import { type Center } from '../center';
import { VimFault } from '../vim/fault';
import { boxValue } from '../vim/output';
import { method, type MethodDefinition } from './method';

export function taskInfo({ tasks, behaviour }: Center, id: string): TaskInfo | undefined {
  const task = tasks.find(id);
  if (task === undefined) return undefined;
  const { settings } = behaviour;
  const progress = tasks.progressOf(task);
  return {
    _typeName: 'TaskInfo',
    key: task.id,
    task: reference('Task', task.id),
    name: task.name,
    descriptionId: task.descriptionId,
    ...(task.entity && { entity: task.entity }),
    ...(task.entityName !== undefined && { entityName: task.entityName }),
    state: task.state,
    cancelled: task.cancelled,
    cancelable: task.cancelable ?? false,
    ...(task.error && { error: task.error.toData(settings.faultsInData) as never }),
    ...(task.result && { result: boxValue(task.result.type, task.result.value, settings) }),
    ...(progress !== undefined && { progress }),
    reason: { _typeName: 'TaskReasonUser', userName: task.userName } as never,
    queueTime: task.queueTime.toISOString(),
    ...(task.startTime && { startTime: task.startTime.toISOString() }),
    ...(task.completeTime && { completeTime: task.completeTime.toISOString() }),
    eventChainId: task.chain,
  };
}

export const TASK_METHODS: readonly MethodDefinition[] = [
  method('Task', 'CancelTask', { at: 'object', faults: ['NotSupported', 'InvalidState'] }, ({ center, object }) => {
    const task = center.tasks.find(object.value);
    // The dispatcher found it; it may have vanished since.
    if (task === undefined) throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
    center.tasks.cancel(task);
  }),
];
