import { type AuditEvent, canonicalAuditEvent } from '@lib/audit';
import { type AccessRefusal, AccessWithdrawn, servableAs, type ServableObject } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type QueryConfig } from 'pg';

import { DatabaseShareUsed, DatabaseUnavailable } from '../database/persistence.error';
import { type ChainMarkRow, type TenantTransactions } from '../database/transactions';

const MAXIMUM_BATCH = 128;

/** What is to be committed. */
export interface Entry {
  readonly audit: AuditEvent;
  /** Certificate in whose name it happened; absent for what needs none. */
  readonly client?: string | undefined;
  /** Present when a key is about to be served: it must still be servable as the caller saw it. */
  readonly object?: ServableObject;
}

interface Job extends Entry {
  resolve(recorded: boolean): void;
  reject(error: unknown): void;
}

/**
 * Commits fetches and plain audit records, many in one statement: while one of an instance is under way, what arrives
 * gathers and goes out together. A cluster whose hosts start at once asks for the same keys in the same second.
 */
export class FetchLog {
  private readonly waiting = new Map<InstanceId, Job[]>();

  constructor(private readonly transactions: TenantTransactions) {}

  /**
   * @returns false when the object is no longer servable as given; nothing is recorded then
   * @throws AccessWithdrawn when the certificate is not served any more; nothing is recorded then either
   */
  record(instanceId: InstanceId, entry: Entry): Promise<boolean> {
    const { object } = entry;
    if (object !== undefined && servableAs(object) === undefined) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const job: Job = { ...entry, resolve, reject };
      const queue = this.waiting.get(instanceId);
      if (queue !== undefined) {
        queue.push(job);
        return;
      }
      const fresh = [job];
      this.waiting.set(instanceId, fresh);
      void this.drain(instanceId, fresh);
    });
  }

  /** Never rejects: every failure goes to the jobs it concerns. */
  private async drain(instanceId: InstanceId, queue: Job[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, MAXIMUM_BATCH);
      try {
        const { outcomes } = await this.transactions.statement<OutcomesRow>(
          instanceId,
          (again) => recordServed(instanceId, batch, again),
          (row) => batch.filter((_, n) => row.outcomes[n] === null).map(({ audit }) => audit),
        );
        batch.forEach((job, n) => settle(job, outcomes[n]));
      } catch (error) {
        // Those who waited behind an outage have had their time too.
        rejectAll(isOutage(error) ? [...batch, ...queue.splice(0)] : batch, error);
      }
    }
    this.waiting.delete(instanceId);
  }
}

const CHANGED = 'changed';

interface OutcomesRow extends Partial<ChainMarkRow> {
  /** By entry: NULL when it was recorded. */
  readonly outcomes: readonly (AccessRefusal | typeof CHANGED | null)[];
}

/** One client's removal fails nobody else's fetch. */
function settle(job: Job, outcome: OutcomesRow['outcomes'][number] | undefined): void {
  if (outcome === null) job.resolve(true);
  else if (outcome === CHANGED) job.resolve(false);
  else if (outcome === undefined) job.reject(new Error('an entry got no outcome'));
  else job.reject(new AccessWithdrawn(outcome));
}

function recordServed(instanceId: InstanceId, batch: readonly Job[], again: boolean): QueryConfig {
  return {
    name: 'record_served',
    text: 'SELECT outcomes, last_seq, last_hash FROM record_served($1, $2, $3, $4, $5, $6, $7)',
    values: [
      instanceId,
      batch.map(({ audit }) => canonicalAuditEvent(audit)),
      batch.map(({ client }) => client),
      batch.map(({ object }) => object?.uniqueIdentifier),
      batch.map(({ object }) => object && servableAs(object)),
      new Date(Math.max(...batch.map(({ audit }) => audit.occurredAt.getTime()))),
      again,
    ],
  };
}

const isOutage = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || error instanceof DatabaseShareUsed;

function rejectAll(jobs: readonly Job[], error: unknown): void {
  for (const job of jobs) job.reject(error);
}
