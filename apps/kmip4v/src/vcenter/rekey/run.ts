import { inParallel } from '@lib/kernel';
import {
  type ManagedObjectReference,
  outcomeOf,
  reference,
  taskInfos,
  type TaskOutcome,
  ViConnectionError,
  ViFault,
  type ViSession,
} from '@lib/vi-json';

import { toldOfOne } from '../fault-remedies';
import { type Acts, Gone } from './acts';
import { idOf, type Journal, type Outcome, type Target } from './journal';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 3_000;
/** Between attempts: what is in the way may be over in a moment, or take a while. */
const AGAIN_AFTER_MS = [250, 1_000, 3_000, 5_000];
const STARTED_AT_ONCE = 4;

/** A task that is gone, or that ended well, and an object that is as it was. */
class NotDoneYet extends Error {
  constructor() {
    super('vCenter has ended its task, and not everything of it has the new key');
  }
}

export interface RunOptions {
  /** How many objects are re-keyed at a time: vCenter and hosts have other work. */
  readonly wave: number;
  /** How many are taken on in this run at most. */
  readonly limit?: number;
  /** Keys that a run made which was cut before it could write that down, by what they were made for. */
  readonly found?: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
  readonly pause: (ms: number) => Promise<void>;
  readonly onProgress?: (ended: number, total: number) => void;
}

export interface TargetReport {
  readonly name: string;
  readonly kind: Target['kind'];
  readonly outcome: Outcome | 'open';
  readonly keyId?: string;
  readonly why?: string;
}

/**
 * Gives each target of the journal's plan its new key, a wave after the other. What a journal says to be done is not done
 * again; where it ends in the middle, the object itself shows how far it came. One that fails does not stop the others.
 */
export async function runRekey(
  session: ViSession,
  acts: Acts,
  journal: Journal,
  options: RunOptions,
): Promise<readonly TargetReport[]> {
  const { targets } = journal.plan;
  const open = targets.filter((target) => !hasEnded(journal, target));
  const taken = open.slice(0, options.limit ?? open.length);
  const tell = (): void => {
    options.onProgress?.(
      targets.filter((each) => journal.progressOf(each).outcome !== undefined).length,
      targets.length,
    );
  };
  const run = new Wave(session, acts, journal, options);
  tell();
  for (let from = 0; from < taken.length && options.signal?.aborted !== true; from += options.wave) {
    await run.carryOut(taken.slice(from, from + options.wave), tell);
  }
  return targets.map((target) => reportOf(target, journal));
}

/** What failed is tried again by the next run. */
export function hasEnded(journal: Journal, target: Target): boolean {
  const { outcome } = journal.progressOf(target);
  return outcome === 'done' || outcome === 'skipped';
}

function reportOf(target: Target, journal: Journal): TargetReport {
  const { outcome = 'open', mark, key, why } = journal.progressOf(target);
  const { name, kind } = target;
  const keyId = kind === 'vsan' ? key : mark;
  return {
    name,
    kind,
    outcome,
    ...(keyId !== undefined && { keyId }),
    ...(outcome === 'done' || why === undefined ? {} : { why }),
  };
}

class Wave {
  /** Of this run: what has ended is not waited for again. As many as there are targets. */
  readonly #ended = new Set<string>();

  constructor(
    private readonly session: ViSession,
    private readonly acts: Acts,
    private readonly journal: Journal,
    private readonly options: RunOptions,
  ) {}

  async carryOut(targets: readonly Target[], ended: () => void): Promise<void> {
    let remaining = targets;
    for (const pauseMs of [...AGAIN_AFTER_MS, undefined]) {
      remaining = await this.#attempt(remaining, pauseMs === undefined, ended);
      if (remaining.length === 0 || pauseMs === undefined) return;
      await this.options.pause(pauseMs);
    }
  }

  /** Starts all, then waits for all. @returns those that are worth another attempt */
  async #attempt(targets: readonly Target[], last: boolean, ended: () => void): Promise<readonly Target[]> {
    const running = new Map<Target, ManagedObjectReference>();
    const again: Target[] = [];
    const carefully = async (target: Target, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        // Connection lost: of no object in particular, and the journal lets another run go on.
        if (error instanceof ViConnectionError && error.code !== 'proxy_answer') throw error;
        if (isGone(error)) await this.#end(target, 'skipped', ended, { why: toldOfOne(error) });
        else if (!last && isPassing(error)) again.push(target);
        else await this.#end(target, 'failed', ended, { why: toldOfOne(error) });
      }
    };
    await inParallel(targets, STARTED_AT_ONCE, async (target) => {
      await carefully(target, async () => {
        const task = await this.#start(target);
        if (task === undefined) await this.#settle(target, ended);
        else running.set(target, task);
      });
      return 'next';
    });
    for await (const [target, outcome] of this.#outcomes(running)) {
      await carefully(target, async () => {
        if (outcome.state === 'error') throw outcome.fault;
        await this.#settle(target, ended);
      });
    }
    return again;
  }

  /** @returns the task that is under way; undefined where the object itself shows the rest */
  async #start(target: Target): Promise<ManagedObjectReference | undefined> {
    const act = this.acts.of(target);
    const { task: before, outcome, mark: marked } = this.journal.progressOf(target);
    if (before !== undefined && outcome === undefined && !this.#ended.has(before)) return reference('Task', before);
    // A run that was cut may have got further than its journal: what is done is not done twice.
    if (marked !== undefined && (await act.isDone(marked))) return undefined;
    const mark = marked ?? (await this.#prepare(target));
    const task = await act.start(mark);
    if (task !== undefined) await this.journal.write({ kind: 'task', target: idOf(target), task: task.value });
    return task;
  }

  async #prepare(target: Target): Promise<string> {
    const act = this.acts.of(target);
    const found = act.makesKey ? this.options.found?.get(idOf(target)) : undefined;
    if (act.makesKey && found === undefined) await this.journal.write({ kind: 'intent', target: idOf(target) });
    const mark = found ?? (await act.prepare());
    await this.journal.write({ kind: 'mark', target: idOf(target), mark });
    return mark;
  }

  /** Never by what a task said alone. */
  async #settle(target: Target, ended: () => void): Promise<void> {
    const { mark } = this.journal.progressOf(target);
    const act = this.acts.of(target);
    if (mark === undefined || !(await act.isDone(mark))) throw new NotDoneYet();
    const key = await act.keyMade?.();
    await this.#end(target, 'done', ended, key === undefined ? {} : { key });
  }

  async #end(
    target: Target,
    outcome: Outcome,
    ended: () => void,
    more: { readonly key?: string; readonly why?: string },
  ): Promise<void> {
    await this.journal.write({ kind: 'end', target: idOf(target), outcome, ...more });
    ended();
  }

  /** All running tasks by one question at a time. */
  async *#outcomes(running: Map<Target, ManagedObjectReference>): AsyncGenerator<readonly [Target, TaskOutcome]> {
    for (let delay = FIRST_DELAY_MS; running.size > 0; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      const infos = await taskInfos(this.session, [...running.values()]);
      for (const [target, task] of running) {
        const info = infos.get(task.value);
        const outcome: TaskOutcome | undefined = info === undefined ? { state: 'gone' } : outcomeOf(info);
        if (outcome === undefined) continue;
        running.delete(target);
        this.#ended.add(task.value);
        yield [target, outcome];
      }
      if (running.size > 0) await this.options.pause(delay);
    }
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Gone || (error instanceof ViFault && error.is('ManagedObjectNotFound'));

/** Somebody else is at it, or was: what is true in a moment may differ. */
function isPassing(error: unknown): boolean {
  if (error instanceof ViConnectionError || error instanceof NotDoneYet) return true;
  return error instanceof ViFault && (error.is('TaskInProgress') || error.is('ConcurrentAccess'));
}
