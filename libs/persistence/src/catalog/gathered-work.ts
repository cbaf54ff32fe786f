import { type InstanceId } from '@lib/kernel';

import { DatabaseShareUsed, DatabaseUnavailable } from '../database/persistence.error';

const MAXIMUM_BATCH = 128;

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

  constructor(private readonly carry: Carry<Job, Result>) {}

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
      const batch = queue.splice(0, MAXIMUM_BATCH);
      const jobs = batch.map(({ job }) => job);
      try {
        const outcomes = await this.carry(instanceId, jobs);
        batch.forEach(({ settle }, n) => {
          settle(outcomes[n] ?? failed(new Error('a job got no outcome')));
        });
      } catch (error) {
        // Those who waited behind an outage have had their time too.
        const struck = isOutage(error) ? [...batch, ...queue.splice(0)] : batch;
        for (const { settle } of struck) settle(failed(error));
      }
    }
    this.#queues.delete(instanceId);
  }
}

export const done = <Result>(value: Result): PromiseSettledResult<Result> => ({ status: 'fulfilled', value });
export const failed = (reason: unknown): PromiseRejectedResult => ({ status: 'rejected', reason });

const isOutage = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || error instanceof DatabaseShareUsed;
