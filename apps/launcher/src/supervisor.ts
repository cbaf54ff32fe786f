import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import { type ProcessReport } from '@lib/platform';

export interface ChildSpecification {
  readonly name: string;
  /** Compiled entry point. */
  readonly script: string;
  /** Environment of the first start; later starts get the ports the first one was given. */
  readonly environment: Readonly<Record<string, string>>;
  /** Environment variable that carries each reported port, so that a restart keeps it. */
  readonly portVariables: Readonly<Record<string, string>>;
  /** Where its output goes; a restart appends. */
  readonly logFile: string;
}

export interface SupervisorEvents {
  /** A child serves again under a new pid. */
  readonly restarted: (name: string, pid: number) => void;
  readonly log: (line: string) => void;
}

interface Child {
  readonly specification: ChildSpecification;
  process: ChildProcess;
  ports: Readonly<Record<string, number>>;
  startedAt: number;
  quickDeaths: number;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
/** A child that lived this long has earned an immediate restart. */
const STABLE_AFTER_MS = 10_000;
const LONGEST_PAUSE_MS = 5_000;

/** Starts the product's processes, keeps them running and stops them in reverse order. */
export class Supervisor {
  readonly #children = new Map<string, Child>();
  readonly #restarts = new Set<Promise<void>>();
  #stopping = false;

  constructor(private readonly events: SupervisorEvents) {}

  /**
   * Forks a child and waits until it serves.
   * @returns the ports it listens on, by name
   * @throws Error with the child's own words when it cannot start
   */
  async start(specification: ChildSpecification): Promise<Readonly<Record<string, number>>> {
    const { process: child, ports } = await launch(specification, {});
    const entry: Child = { specification, process: child, ports, startedAt: Date.now(), quickDeaths: 0 };
    this.#children.set(specification.name, entry);
    this.#watch(entry);
    return ports;
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.#children].map(([name, child]) => [name, child.process.pid ?? 0]));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    // A child that is just being started again must not outlive us.
    await Promise.allSettled(this.#restarts);
    for (const child of [...this.#children.values()].reverse()) await end(child.process);
  }

  #watch(child: Child): void {
    child.process.once('exit', (code, signal) => {
      if (this.#stopping) return;
      this.events.log(
        `${child.specification.name} ended (${signal ?? `status ${code ?? 'unknown'}`}); starting it again`,
      );
      child.quickDeaths = Date.now() - child.startedAt < STABLE_AFTER_MS ? child.quickDeaths + 1 : 0;
      const pauseMs = child.quickDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, 100 * 2 ** child.quickDeaths);
      this.#restartAfter(child, pauseMs);
    });
  }

  async #restart(child: Child): Promise<void> {
    if (this.#stopping) return;
    child.startedAt = Date.now();
    try {
      const started = await launch(child.specification, child.ports);
      child.process = started.process;
      this.#watch(child);
      this.events.restarted(child.specification.name, started.process.pid ?? 0);
    } catch (error) {
      this.events.log(`${child.specification.name} could not be started: ${String(error)}`);
      child.quickDeaths += 1;
      this.#restartAfter(child, LONGEST_PAUSE_MS);
    }
  }

  #restartAfter(child: Child, pauseMs: number): void {
    setTimeout(() => {
      const restart = this.#restart(child).finally(() => this.#restarts.delete(restart));
      this.#restarts.add(restart);
    }, pauseMs);
  }
}

async function launch(
  specification: ChildSpecification,
  knownPorts: Readonly<Record<string, number>>,
): Promise<{ process: ChildProcess; ports: Readonly<Record<string, number>> }> {
  const environment: Record<string, string> = { ...specification.environment };
  for (const [name, port] of Object.entries(knownPorts)) {
    const variable = specification.portVariables[name];
    if (variable !== undefined) environment[variable] = String(port);
  }
  const log = openSync(specification.logFile, 'a', 0o600);
  const child = fork(specification.script, [], {
    env: environment,
    execArgv: ['--disable-proto=delete', '--enable-source-maps'],
    stdio: ['ignore', log, log, 'ipc'],
    // A terminal's Ctrl-C goes to the whole group; the launcher alone decides the order of stopping.
    detached: true,
  });
  closeSync(log);
  try {
    return { process: child, ports: await readiness(child, specification.name) };
  } catch (error) {
    await end(child);
    throw error;
  }
}

function readiness(child: ChildProcess, name: string): Promise<Readonly<Record<string, number>>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready within ${READY_WITHIN_MS / 1000} s`)),
      READY_WITHIN_MS,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.removeAllListeners('message');
      child.removeListener('exit', onExit);
      act();
    };
    const onExit = (code: number | null, signal: string | null): void =>
      settle(() => reject(new Error(`${name} ended before it was ready (${signal ?? `status ${code ?? 'unknown'}`})`)));
    child.once('exit', onExit);
    child.on('message', (report: ProcessReport) =>
      settle(() => (report.kind === 'ready' ? resolve(report.ports) : reject(new Error(`${name}: ${report.message}`)))),
    );
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
