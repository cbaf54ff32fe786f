import cluster from 'node:cluster';

import { type DependencyStatus, type HealthServer, type MeasuredValues, type Metrics } from '@lib/observability';

/** What the primary asks of a worker. */
export interface Question {
  readonly kind: 'dependencies' | 'metrics';
  readonly id: number;
}

export type Answer =
  | { readonly kind: 'dependencies'; readonly id: number; readonly dependencies: readonly DependencyStatus[] }
  | { readonly kind: 'metrics'; readonly id: number; readonly values: MeasuredValues }
  | { readonly kind: 'last words'; readonly values: MeasuredValues };

/** The worker's side of its link to the process that started it. */
export class WorkerLink {
  #metrics: Metrics | undefined;

  /** Undefined in a process that nobody started as a worker. */
  static open(): WorkerLink | undefined {
    if (cluster.worker === undefined) return undefined;
    // Without its primary it stops as on SIGTERM; Node would end it in the midst of its requests.
    cluster.worker.exitedAfterDisconnect = true;
    return new WorkerLink();
  }

  /** From now on the primary is answered, also while the worker waits for its database. */
  answer(health: HealthServer, metrics: Metrics): void {
    this.#metrics = metrics;
    process.on('message', ({ kind, id }: Question) => {
      const answer =
        kind === 'metrics'
          ? metrics.values().then((values): Answer => ({ kind, id, values }))
          : health.dependencies().then((dependencies): Answer => ({ kind, id, dependencies }));
      // Who hears nothing knows that much.
      answer.then(tell).catch(() => undefined);
    });
  }

  /** What it has counted to its end. Never rejects. */
  async lastWords(): Promise<void> {
    const values = await this.#metrics?.values().catch(() => undefined);
    if (values !== undefined) await tell({ kind: 'last words', values });
  }
}

/** Resolves when it is on its way, or will never be. */
function tell(answer: Answer): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(answer, undefined, undefined, () => resolve());
    else resolve();
  });
}
