import type { TaskInfo } from '../types/task';
import { type ManagedObjectReference, reference, unbox } from '../types/values';
import { retrieveSome } from './properties';
import { ViConnectionError } from './vi-connection.error';
import { readFault, ViFault } from './vi-fault';
import type { ViSession } from './vi-session';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** How a task ended. `gone`: vCenter has forgotten it, so look at the object instead. */
export type TaskOutcome =
  | { readonly state: 'success'; readonly result: unknown }
  | { readonly state: 'error'; readonly fault: ViFault }
  | { readonly state: 'gone' };

export interface TaskWait {
  /** @default five minutes */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (percent: number) => void;
}

/**
 * Waits until a task has ended. The task is cancelled in vCenter when `signal` says so.
 * @returns what Any holds in its result, out of its box
 * @throws ViFault what the task ended with
 * @throws ViConnectionError deadline, cancelled
 */
export async function taskResult(
  session: ViSession,
  task: ManagedObjectReference,
  wait: TaskWait = {},
): Promise<unknown> {
  const ended = await taskOutcome(session, task, wait);
  if (ended.state === 'success') return ended.result;
  if (ended.state === 'error') throw ended.fault;
  throw new ViConnectionError('malformed', `vCenter knows nothing of ${task.value} any more.`);
}

export async function taskOutcome(
  session: ViSession,
  task: ManagedObjectReference,
  wait: TaskWait = {},
): Promise<TaskOutcome> {
  const until = performance.now() + (wait.timeoutMs ?? 300_000);
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
    const info = (await taskInfos(session, [task])).get(task.value);
    if (info === undefined) return { state: 'gone' };
    const ended = outcomeOf(info);
    if (ended !== undefined) return ended;
    wait.onProgress?.(info.progress ?? 0);
    if (wait.signal?.aborted === true) {
      await cancelTask(session, info);
      throw new ViConnectionError('cancelled', `Cancelled; ${task.value} was asked to stop.`);
    }
    if (performance.now() + delay > until) {
      throw new ViConnectionError('deadline', `${info.descriptionId} (${task.value}) has not ended in time.`);
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
}

/** What vCenter says of these tasks, by one call; one that it has forgotten is left out. */
export async function taskInfos(
  session: ViSession,
  tasks: readonly ManagedObjectReference[],
): Promise<ReadonlyMap<string, TaskInfo>> {
  const named = tasks.map(({ value }) => reference('Task', value));
  const read = await retrieveSome(session, named, { Task: ['info'] });
  return new Map(
    read.flatMap((object) => {
      const info = object.get<TaskInfo>('info');
      return info === undefined ? [] : [[object.ref.value, info] as const];
    }),
  );
}

/** How it ended, undefined while it has not. */
export function outcomeOf(info: TaskInfo): TaskOutcome | undefined {
  if (info.state === 'success') return { state: 'success', result: unbox(info.result) };
  if (info.state !== 'error') return undefined;
  const call = info.descriptionId;
  const unknown = new ViFault({ _typeName: 'MethodFault', faultstring: 'it failed without a reason' }, call);
  return { state: 'error', fault: readFault(info.error, call) ?? unknown };
}

async function cancelTask(session: ViSession, info: TaskInfo): Promise<void> {
  if (!info.cancelable) return;
  // It may have ended between the question and this.
  await session.call(reference('Task', info.task.value), 'Task', 'CancelTask', undefined).catch(() => undefined);
}
