import { type ManagedObjectReference, reference } from '@lib/vi-json';
import { type MovableClock } from '@lib/stand-in';

import { type Behaviour } from './behaviour';
import { VimFault } from './vim/fault';

/** A finished task vanishes after some minutes [inferred]. */
const KEPT_MS = 10 * 60_000;

export interface TaskRequest {
  /** E.g. `VirtualMachine.reconfigure`. */
  readonly descriptionId: string;
  readonly name: string;
  readonly entity?: ManagedObjectReference;
  readonly entityName?: string;
  readonly userName: string;
  readonly cancelable?: boolean;
  /** @returns the result with its type */
  readonly work: (cut: TaskCut | undefined) => Promise<TaskResult | undefined>;
}

export interface TaskResult {
  readonly type: string;
  readonly value: unknown;
}

export interface Task extends TaskRequest {
  readonly id: string;
  readonly chain: number;
  readonly queueTime: Date;
  state: 'queued' | 'running' | 'success' | 'error';
  cancelled: boolean;
  startTime?: Date;
  startedMs?: number;
  durationMs: number;
  completeTime?: Date;
  result?: TaskResult;
  error?: VimFault;
}

/** What an administrator set for one task: it lasts so long, or ends so. */
export interface TaskFate {
  readonly seconds?: number | undefined;
  readonly fault?: VimFault | undefined;
  readonly cut?: TaskCut | undefined;
}

/** The task is cut in the middle: after so many of its steps it ends with the fault. */
export interface TaskCut {
  readonly after: number;
  readonly fault: VimFault;
}

/** Long operations. They are not kept over a restart: a vCenter that was restarted knows no task of before. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();
  readonly #ending = new Map<string, () => void>();
  readonly #working = new Set<Promise<void>>();
  #last = 0;

  constructor(
    private readonly clock: MovableClock,
    private readonly behaviour: Behaviour,
    private readonly fateOf: (request: TaskRequest) => TaskFate,
  ) {}

  start(request: TaskRequest): ManagedObjectReference {
    this.#last += 1;
    const { taskSeconds, queueSeconds } = this.behaviour.settings;
    const fate = this.fateOf(request);
    const task: Task = {
      ...request,
      id: `task-${this.#last}`,
      chain: this.#last,
      queueTime: this.clock.now(),
      state: 'queued',
      cancelled: false,
      durationMs: (fate.seconds ?? taskSeconds) * 1000,
    };
    this.#tasks.set(task.id, task);
    this.#after(task, queueSeconds * 1000, () => this.#run(task, fate));
    return reference('Task', task.id);
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** The unfinished task that changes this object, if there is one. */
  on(entity: ManagedObjectReference): Task | undefined {
    return [...this.#tasks.values()].find(
      (task) => task.entity?.value === entity.value && (task.state === 'queued' || task.state === 'running'),
    );
  }

  list(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  /** Percent, by how much of its time is over; the last tenth is the work itself. */
  progressOf(task: Task): number | undefined {
    if (task.state === 'success') return 100;
    if (task.state !== 'running' || task.startedMs === undefined || task.durationMs === 0) return undefined;
    return Math.min(90, Math.floor((90 * (this.clock.monotonicMs() - task.startedMs)) / task.durationMs));
  }

  /** @throws VimFault where it is too late or not allowed */
  cancel(task: Task): void {
    if (task.state === 'success' || task.state === 'error') {
      throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
    }
    const end = this.#ending.get(task.id);
    if (task.cancelable !== true || end === undefined) {
      throw new VimFault('NotSupported', 'The operation is not supported on the object.');
    }
    end();
    task.cancelled = true;
    this.#finish(task, { error: new VimFault('RequestCanceled', 'The task was canceled by a user.') });
  }

  /** Nothing of what was started goes on. */
  async close(): Promise<void> {
    for (const end of this.#ending.values()) end();
    this.#ending.clear();
    await Promise.all(this.#working);
  }

  #run(task: Task, fate: TaskFate): void {
    task.state = 'running';
    task.startTime = this.clock.now();
    task.startedMs = this.clock.monotonicMs();
    this.#after(task, task.durationMs, () => {
      const working = this.#work(task, fate).finally(() => this.#working.delete(working));
      this.#working.add(working);
    });
  }

  async #work(task: Task, fate: TaskFate): Promise<void> {
    try {
      if (fate.fault !== undefined) throw fate.fault;
      const result = await task.work(fate.cut);
      this.#finish(task, result === undefined ? {} : { result });
    } catch (error) {
      this.#finish(task, { error: error instanceof VimFault ? error : unexpected() });
    }
  }

  #finish(task: Task, outcome: Pick<Task, 'result' | 'error'>): void {
    Object.assign(task, outcome, { state: outcome.error === undefined ? 'success' : 'error' });
    task.completeTime = this.clock.now();
    this.#after(task, KEPT_MS, () => this.#tasks.delete(task.id));
  }

  /** One thing at a time is ahead of a task. */
  #after(task: Task, delayMs: number, work: () => void): void {
    const cancel = this.clock.startTimer(() => {
      this.#ending.delete(task.id);
      work();
    }, delayMs);
    this.#ending.set(task.id, cancel);
  }
}

const unexpected = (): VimFault =>
  new VimFault('SystemError', 'A general system error occurred: internal error', { reason: 'internal error' });
