import cluster, { type Worker } from 'node:cluster';

import { type DependencyStatus, type HealthServer, type MeasuredValues, type Metrics } from '@lib/observability';

/** What the primary asks of a worker. */
export interface Question {
  readonly kind: 'dependencies' | 'metrics';
  readonly id: number;
}

export type Answer =
  /** It ends by itself: it takes no more connections, and answers what it has begun. */
  | { readonly kind: 'leaves' }
  | { readonly kind: 'dependencies'; readonly id: number; readonly dependencies: readonly DependencyStatus[] }
  | { readonly kind: 'metrics'; readonly id: number; readonly values: MeasuredValues }
  | { readonly kind: 'last words'; readonly values: MeasuredValues };

/** The worker's side of its link to the process that started it. */
export class WorkerLink {
  #metrics: Metrics | undefined;

  /** Undefined in a process that nobody started as a worker. */
  static open(): WorkerLink | undefined {
    return cluster.worker === undefined ? undefined : new WorkerLink(cluster.worker);
  }

  private constructor(private readonly worker: Worker) {}

  /**
   * From now on it stops as on SIGTERM when its primary is gone. Before, while it serves nobody and nobody would be told,
   * Node ends it at once: it would wait for ever for the port that only a primary can give.
   */
  outlivesPrimary(): void {
    this.worker.exitedAfterDisconnect = true;
  }

  /** A primary that does not listen keeps nobody from leaving. */
  leaves(): void {
    void tell({ kind: 'leaves' });
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
