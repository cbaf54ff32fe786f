import cluster from 'node:cluster';
import { setTimeout as pause } from 'node:timers/promises';

import { stopping } from '@lib/kernel';
import { type DependencyStatus, type Logger, SummedMetrics } from '@lib/observability';

import { together } from './together';
import { WorkerProcess } from './worker';

/** A worker that served for less did not get far: the next one waits, twice as long each time. */
const STABLE_AFTER_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export interface WorkersOptions {
  readonly count: number;
  readonly logger: Logger;
  /** For a worker that was asked to stop; then it is killed. */
  readonly stopWithinMs: number;
}

/**
 * The workers of one endpoint: as many as there should be, started again when they die, replaced one by one on demand.
 * This process accepts connections and deals them out in turn (Node's round robin): a connection that a worker which is
 * just ending, or has died, did not take goes to the next one, and a worker that is stuck is given no second one.
 */
export class Workers {
  readonly metrics = new SummedMetrics(() => this.#askAll('metrics'));
  readonly #all = new Set<WorkerProcess>();
  readonly #stopping = stopping();
  #failures = 0;
  #replacing = false;
  #status: DependencyStatus | undefined;

  constructor(private readonly options: WorkersOptions) {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    // Values that JSON has no word for (an expiry that is not known) get through as they are.
    cluster.setupPrimary({ serialization: 'advanced' });
  }

  /** @returns true when all serve, false when they are to stop before that. @throws Error when one cannot start */
  async start(): Promise<boolean> {
    const { count } = this.options;
    try {
      await Promise.all(Array.from({ length: count }, () => this.#begin()));
    } catch (error) {
      if (!this.#isStopping()) throw error;
    }
    return !this.#isStopping();
  }

  /** To all that are there; to those that start as soon as they serve, since it would end them before that. */
  signal(name: NodeJS.Signals): void {
    for (const worker of this.#all) {
      worker.serves.then(
        () => worker.signal(name),
        () => undefined,
      );
    }
  }

  /** Each by a new one, which serves before the old one is asked to go. One that does not come up ends it. Never rejects. */
  async replace(): Promise<void> {
    const { logger, stopWithinMs } = this.options;
    if (this.#replacing || this.#isStopping()) return;
    this.#replacing = true;
    logger.info('replacing all workers, one by one');
    try {
      for (const old of this.#in('serving')) {
        await this.#begin();
        await old.dismiss(stopWithinMs);
        if (this.#isStopping()) return;
      }
      logger.info('all workers were replaced');
    } catch (error) {
      if (!this.#isStopping()) logger.error({ err: error }, 'a new worker did not come up; those that are left go on');
    } finally {
      this.#replacing = false;
      void this.#mend();
    }
  }

  /** Resolves when none is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#all].map((worker) => worker.dismiss(this.options.stopWithinMs)));
  }

  /** Of those that serve; before there is one, of those that start. */
  async dependencies(): Promise<readonly DependencyStatus[]> {
    const serving = this.#in('serving');
    const asked = serving.length > 0 ? serving : this.#in('starting');
    const answers = await Promise.all(asked.map((worker) => worker.ask('dependencies')));
    const told = answers.flatMap((answer) => (answer?.kind === 'dependencies' ? [answer.dependencies] : []));
    // Who ended while it was asked keeps nobody waiting.
    const silent = asked.some((worker, index) => answers[index] === undefined && worker.isThere);
    return [...together(told), this.#ownStatus(this.#in('serving').filter(({ isThere }) => isThere).length, silent)];
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #in(state: WorkerProcess['state']): readonly WorkerProcess[] {
    return [...this.#all].filter((worker) => worker.state === state);
  }

  /** One that serves is enough: it is given all connections. One that holds connections and is silent is not well. */
  #ownStatus(serving: number, silent: boolean): DependencyStatus {
    const { count } = this.options;
    const ok = serving > 0 && !silent;
    const since = this.#status?.ok === ok ? this.#status.since : new Date();
    const reason = silent ? 'a worker does not answer' : `${serving} of ${count} serve`;
    this.#status = { name: 'workers', ok, since, ...((!ok || serving < count) && { reason }) };
    return this.#status;
  }

  async #askAll(kind: 'metrics'): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.ask(kind)));
  }

  async #begin(): Promise<void> {
    const worker: WorkerProcess = new WorkerProcess(
      { KMIP_WORKERS: String(this.options.count) },
      {
        said: (answer) => {
          if ('values' in answer && this.#all.has(worker)) this.metrics.take(worker.id, answer.values);
        },
        lost: () => this.#onLoss(worker),
        ended: () => {
          this.#all.delete(worker);
          this.metrics.end(worker.id);
        },
      },
    );
    this.#all.add(worker);
    try {
      await worker.serves;
    } catch (error) {
      // One that has said that it cannot serve is not there any more for those who count them.
      await worker.dismiss(this.options.stopWithinMs);
      throw error;
    }
  }

  #onLoss(worker: WorkerProcess): void {
    if (this.#isStopping()) return;
    this.#failures = worker.servedMs < STABLE_AFTER_MS ? this.#failures + 1 : 0;
    this.options.logger.error({ worker: worker.pid }, 'a worker ended or is about to; another one is started');
    void this.#mend();
  }

  /** As many as there should be. Never rejects. */
  async #mend(): Promise<void> {
    const { count, logger } = this.options;
    while (this.#missing()) {
      await this.#pause();
      if (!this.#missing()) return;
      await this.#begin().catch((error: unknown) => {
        this.#failures += 1;
        if (!this.#isStopping())
          logger.error({ err: error, count }, 'a worker could not be started; it is tried again');
      });
    }
  }

  #missing(): boolean {
    const there = this.#in('serving').length + this.#in('starting').length;
    return !this.#isStopping() && there < this.options.count;
  }

  /** None for the first that dies: it is missed. */
  async #pause(): Promise<void> {
    if (this.#failures <= 1) return;
    const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 2));
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
