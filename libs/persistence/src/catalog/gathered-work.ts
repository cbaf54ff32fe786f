import { type InstanceId } from '@lib/kernel';

import { DatabaseShareUsed, DatabaseUnavailable } from '../database/persistence.error';

/** In the weight of {@link GatheredWork}: what one statement can do well within its time. */
const MAXIMUM_WEIGHT = 128;

interface Waiting<Job, Result> {
  readonly job: Job;
  readonly settle: (outcome: PromiseSettledResult<Result>) => void;
}

/** Carries out jobs of one instance together. @returns what came of each, in their order */
type Carry<Job, Result> = (
  instanceId: InstanceId,
  jobs: readonly Job[],
) => Promise<readonly PromiseSettledResult<Result>[]>;

/**
 * Work of many requests in one statement: while one of an instance is under way, what arrives gathers and goes out
 * together. A cluster whose hosts start at once asks for the same keys in the same second.
 */
export class GatheredWork<Job, Result> {
  readonly #queues = new Map<InstanceId, Waiting<Job, Result>[]>();

  /** @param weightOf a job of the maximum weight or more goes alone */
  constructor(
    private readonly carry: Carry<Job, Result>,
    private readonly weightOf: (job: Job) => number = () => 1,
  ) {}

  do(instanceId: InstanceId, job: Job): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: PromiseSettledResult<Result>): void => {
        if (outcome.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome.reason as Error);
      };
      const queue = this.#queues.get(instanceId);
      if (queue !== undefined) {
        queue.push({ job, settle });
        return;
      }
      const fresh = [{ job, settle }];
      this.#queues.set(instanceId, fresh);
      void this.#drain(instanceId, fresh);
    });
  }

  /** Never rejects: every failure goes to the jobs it concerns. */
  async #drain(instanceId: InstanceId, queue: Waiting<Job, Result>[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, this.#batchLength(queue));
      try {
        await this.#settle(instanceId, batch);
      } catch (error) {
        // Those who waited behind an outage have had their time too.
        const struck = isOutage(error) ? [...batch, ...queue.splice(0)] : batch;
        for (const { settle } of struck) settle(failed(error));
      }
    }
    this.#queues.delete(instanceId);
  }

  /** Rejects with what concerns the whole batch. */
  async #settle(instanceId: InstanceId, batch: readonly Waiting<Job, Result>[]): Promise<void> {
    try {
      const outcomes = await this.carry(
        instanceId,
        batch.map(({ job }) => job),
      );
      batch.forEach(({ settle }, n) => {
        settle(outcomes[n] ?? failed(new Error('a job got no outcome')));
      });
    } catch (error) {
      if (isOutage(error) || batch.length === 1) throw error;
      // Whose fault it was is not said; nothing was done. Each by itself: one fails nobody else.
      for (const each of batch) {
        await this.#settle(instanceId, [each]).catch((reason: unknown) => {
          if (isOutage(reason)) throw reason;
          each.settle(failed(reason));
        });
      }
    }
  }

  #batchLength(queue: readonly Waiting<Job, Result>[]): number {
    let weight = 0;
    const end = queue.findIndex(({ job }, n) => (weight += this.weightOf(job)) > MAXIMUM_WEIGHT && n > 0);
    return end === -1 ? queue.length : end;
  }
}

export const done = <Result>(value: Result): PromiseSettledResult<Result> => ({ status: 'fulfilled', value });
export const failed = (reason: unknown): PromiseRejectedResult => ({ status: 'rejected', reason });

const isOutage = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || error instanceof DatabaseShareUsed;
