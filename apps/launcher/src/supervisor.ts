import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import { type ProcessReport } from '@lib/observability';

export interface ChildSpecification {
  readonly name: string;
  /** Compiled entry point. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where its output goes; a restart appends. */
  readonly logFile: string;
}

export interface SupervisorEvents {
  /** A child serves again under a new pid. */
  readonly restarted: () => void;
  readonly log: (line: string) => void;
}

interface Child {
  readonly specification: ChildSpecification;
  process: ChildProcess;
  /** Of the one that served last: it may have ended meanwhile, and another one be on its way. */
  pid?: number | undefined;
  servedSince: number;
  quickDeaths: number;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
/** A child that served for this long did not fail at its start: it is restarted at once. */
const STABLE_AFTER_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Starts the product's processes, keeps them running and stops them in reverse order. */
export class Supervisor {
  readonly #children = new Map<string, Child>();
  readonly #restarts = new Set<Promise<void>>();
  #stopping = false;

  constructor(private readonly events: SupervisorEvents) {}

  /**
   * Forks a child and waits until it serves. Several may be started at once; all are stopped, also one that does not serve
   * yet.
   * @throws Error with the child's own words when it cannot start
   */
  async start(specification: ChildSpecification): Promise<void> {
    const entry: Child = {
      specification,
      process: launch(specification),
      servedSince: Date.now(),
      quickDeaths: 0,
    };
    this.#children.set(specification.name, entry);
    await ready(entry.process, specification);
    this.#serves(entry);
  }

  /** Of all that have served. */
  pids(): Record<string, number> {
    return Object.fromEntries(
      [...this.#children].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid]])),
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const child of [...this.#children.values()].reverse()) await end(child.process);
    // Those of children that were just being started again, and have ended with them.
    await Promise.allSettled(this.#restarts);
  }

  #serves(child: Child): void {
    child.pid = child.process.pid;
    child.servedSince = Date.now();
    this.#watch(child);
  }

  #watch(child: Child): void {
    child.process.once('exit', (code, signal) => {
      if (this.#stopping) return;
      const how = signal ?? `status ${code ?? 'unknown'}`;
      this.events.log(`${child.specification.name} ended (${how}); starting it again`);
      // One that was killed from outside did not fail by itself: it comes back at once.
      const failedEarly = signal === null && Date.now() - child.servedSince < STABLE_AFTER_MS;
      child.quickDeaths = failedEarly ? child.quickDeaths + 1 : 0;
      this.#restartAfter(child, child.quickDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, 100 * 2 ** child.quickDeaths));
    });
  }

  #restartAfter(child: Child, pauseMs: number): void {
    setTimeout(() => {
      const restart = this.#restart(child).finally(() => this.#restarts.delete(restart));
      this.#restarts.add(restart);
    }, pauseMs);
  }

  /** Asked after a wait, for which the compiler takes the answer from before it. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  async #restart(child: Child): Promise<void> {
    if (this.#stopping) return;
    try {
      child.process = launch(child.specification);
      await ready(child.process, child.specification);
      this.#serves(child);
      this.events.restarted();
    } catch (error) {
      if (this.#isStopping()) return;
      this.events.log(`${child.specification.name} could not be started: ${String(error)}`);
      child.quickDeaths += 1;
      this.#restartAfter(child, LONGEST_PAUSE_MS);
    }
  }
}

function launch({ script, environment, logFile }: ChildSpecification): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  const child = fork(script, [], {
    env: environment,
    execArgv: ['--disable-proto=delete', '--enable-source-maps'],
    stdio: ['ignore', log, log, 'ipc'],
    // A terminal's Ctrl-C goes to the whole group; the launcher alone decides the order of stopping.
    detached: true,
  });
  closeSync(log);
  return child;
}

/** @throws Error, after the child has ended */
async function ready(child: ChildProcess, specification: ChildSpecification): Promise<void> {
  try {
    await reportOf(child, specification);
  } catch (error) {
    await end(child);
    throw error;
  }
}

function reportOf(child: ChildProcess, { name, logFile }: ChildSpecification): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (fault?: string): void => {
      clearTimeout(timer);
      child.removeAllListeners('message');
      child.removeListener('exit', onExit);
      if (fault === undefined) resolve();
      else reject(new Error(`${name}: ${fault} (its log is ${logFile})`));
    };
    const timer = setTimeout(() => settle(`not ready within ${READY_WITHIN_MS / 1_000} s`), READY_WITHIN_MS);
    const onExit = (code: number | null, signal: string | null): void =>
      settle(`ended before it was ready (${signal ?? `status ${code ?? 'unknown'}`})`);
    child.once('exit', onExit);
    child.on('message', (report: ProcessReport) => settle(report.kind === 'failed' ? report.message : undefined));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
