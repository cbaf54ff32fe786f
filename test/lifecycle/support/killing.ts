import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { type RunningService, until } from '../../e2e/support/running-service';
import { type Step, type StepHolds } from './step-holds';

/** So many keys are on their way at the same time, in each of the things that are cut here. */
const AT_ONCE = 8;
/** Who is held waits so long for another one to be held in the same kill: a process costs more to start again, */
const GATHERS_MS = 800;
/** and so long at most. */
const WAITS_MS = 1_500;
/** Well below the time-out of a call to the key manager, which is the shortest: until then nobody has gone on. */
const SURELY_HELD_MS = 2_500;
const WITHIN_MS = 90_000;

export interface Death extends Step {
  /** Nobody can have given up waiting and gone on before. */
  readonly isSure: boolean;
}

/** What is killed at each step, and carried on until it is over. */
export interface Undertaking {
  /** Begins it, or carries it on; absent where the product does so by itself. */
  readonly goOn?: () => void;
  readonly isOver: () => Promise<boolean>;
  /** With SIGKILL; resolves when whoever does it is dead. @returns resolves when it can be carried on */
  readonly kill: () => Promise<() => Promise<void>>;
}

/** Kills at each hold, and carries on until it is over. @returns the steps at which somebody died */
export async function killAtEach(holds: StepHolds, { goOn, isOver, kill }: Undertaking): Promise<readonly Death[]> {
  const deaths: Death[] = [];
  for (;;) {
    goOn?.();
    let held: { readonly sinceMs: number; readonly count: number; readonly atMs: number } | undefined;
    await until('somebody is held, or it is over', WITHIN_MS, async () => {
      const { length: count } = await holds.reached();
      if (count === 0) {
        held = undefined;
        return await isOver();
      }
      const nowMs = performance.now();
      if (held?.count !== count) held = { sinceMs: held?.sinceMs ?? nowMs, count, atMs: nowMs };
      return count >= AT_ONCE || nowMs - held.atMs > GATHERS_MS || nowMs - held.sinceMs > WAITS_MS;
    });
    if (held === undefined) return deaths;
    const back = await kill();
    const isSure = performance.now() - held.sinceMs < SURELY_HELD_MS;
    const reached = await holds.release();
    deaths.push(...reached.map((step) => ({ ...step, isSure })));
    await back();
  }
}

/** The launcher starts them again. @returns resolves when they serve */
export async function killProcesses(service: RunningService, names: readonly string[]): Promise<() => Promise<void>> {
  const { processes: before } = await service.reload();
  for (const name of names) process.kill(before[name] ?? 0, 'SIGKILL');
  return () =>
    until('they serve again', WITHIN_MS, async () => {
      const { processes: now } = await service.reload();
      return names.every((name) => now[name] !== before[name]);
    });
}

/** The administrator's command line; it is repeated until it ends by itself. */
export function killableCommand(service: RunningService, ...args: readonly string[]): Undertaking {
  let child: ChildProcess | undefined;
  let output = '';
  const goOn = (): void => {
    child = service.startAdmin(...args);
    output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)));
  };
  return {
    goOn,
    isOver: () => {
      if (child?.exitCode === 0) return Promise.resolve(true);
      // Its report says that something is left to do: what was under way a moment ago, for one.
      if (child?.exitCode === 1) goOn();
      return Promise.resolve(false);
    },
    kill: async () => {
      if (child === undefined || child.exitCode !== null) throw new Error(`it had ended by itself: ${output}`);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      return () => Promise.resolve();
    },
  };
}
