import { type AuditEvent } from '@lib/audit';
import { AccessWithdrawn, isDestroyed, type ManagedObject } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type QueryResult } from 'pg';

import { ClientsRefused, DatabaseShareUsed, DatabaseUnavailable } from '../database/persistence.error';
import { type PreparedCall, type PreparedStatement } from '../database/prepared';
import { type AuditedChange, type TenantTransactions, type Transaction } from '../database/transactions';

const MAXIMUM_BATCH = 128;

/** What is to be committed. */
export interface Entry {
  readonly audit: AuditEvent;
  /** Certificate in whose name it happened; absent for what needs none. */
  readonly client?: string | undefined;
  /** Present when a key is about to be served: it must still be servable as the caller saw it. */
  readonly object?: ManagedObject;
}

interface Job extends Entry {
  resolve(recorded: boolean): void;
  reject(error: unknown): void;
}

interface ServableRow {
  readonly id: string;
  readonly state: string;
  readonly suspended: boolean;
  readonly destroying: boolean;
  readonly stored_key_id: string | null;
  readonly root_key_version: string | null;
  readonly root_key_id: string | null;
  readonly stored_key_authenticated: boolean;
  readonly digest: Buffer;
}

/**
 * Commits fetches and plain audit records, many in one transaction: while one commit of an instance is under way, what
 * arrives gathers and goes out together. A cluster whose hosts start at once asks for the same keys in the same second.
 */
export class FetchLog {
  private readonly waiting = new Map<InstanceId, Job[]>();

  constructor(private readonly transactions: TenantTransactions) {}

  /**
   * @returns false when the object is no longer servable as given; nothing is recorded then
   * @throws AccessWithdrawn when the certificate is not served any more; nothing is recorded then either
   */
  record(instanceId: InstanceId, entry: Entry): Promise<boolean> {
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
        const recorded = await this.commit(instanceId, batch);
        for (const job of batch) job.resolve(recorded.has(job));
      } catch (error) {
        if (error instanceof ClientsRefused) queue.unshift(...refuse(batch, error));
        // Those who waited behind an outage have had their time too.
        else rejectAll(isOutage(error) ? [...batch, ...queue.splice(0)] : batch, error);
      }
    }
    this.waiting.delete(instanceId);
  }

  /** @returns what was recorded */
  private async commit(instanceId: InstanceId, batch: readonly Job[]): Promise<ReadonlySet<Job>> {
    if (batch.every(({ object }) => object === undefined)) {
      await this.transactions.record(
        instanceId,
        batch.map(({ audit }) => audit),
        clientsOf(batch),
      );
      return new Set(batch);
    }
    return this.transactions.run(
      instanceId,
      (transaction, [served]) => commitFetches(transaction, batch, served),
      lockServed(instanceId, batch),
    );
  }
}

const clientsOf = (jobs: readonly Job[]): string[] => [...new Set(jobs.flatMap(({ client }) => client ?? []))];

const isOutage = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || error instanceof DatabaseShareUsed;

/** One client's removal fails nobody else's fetch. @returns those that are to be tried again */
function refuse(batch: readonly Job[], { refusals }: ClientsRefused): readonly Job[] {
  return batch.filter((job) => {
    const refusal = job.client === undefined ? undefined : refusals.get(job.client);
    if (refusal !== undefined) job.reject(new AccessWithdrawn(refusal));
    return refusal === undefined;
  });
}

function rejectAll(jobs: readonly Job[], error: unknown): void {
  for (const job of jobs) job.reject(error);
}

async function commitFetches(
  transaction: Transaction,
  batch: readonly Job[],
  served: QueryResult | undefined,
): Promise<ReadonlySet<Job>> {
  const rows = new Map(((served?.rows ?? []) as ServableRow[]).map((row) => [row.id, row]));
  const recorded = batch.filter(
    ({ object }) => object === undefined || isServable(object, rows.get(object.uniqueIdentifier)),
  );
  const fetches = recorded.filter(({ object }) => object !== undefined);
  if (recorded.length > 0) {
    await transaction.appendAudit(
      recorded.map(({ audit }) => audit),
      clientsOf(recorded),
      fetches.length === 0 ? undefined : fetched(fetches),
    );
  }
  return new Set(recorded);
}

/** Locks in the order of identifiers, so that two gateways serving the same keys do not wait for each other in a ring. */
const LOCK_SERVED: PreparedStatement = {
  name: 'objects_lock_served',
  types: 'uuid, uuid[]',
  text: `SELECT id, state, suspended, destroy_requested_at IS NOT NULL AS destroying, stored_key_id, root_key_id,
      root_key_version, stored_key_authenticated, digest
    FROM managed_objects WHERE instance_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE`,
};

function lockServed(instanceId: InstanceId, batch: readonly Job[]): PreparedCall[] {
  const ids = identifiersOf(batch);
  return ids.length === 0 ? [] : [{ statement: LOCK_SERVED, values: [instanceId, ids] }];
}

const fetched = (jobs: readonly Job[]): AuditedChange => ({
  name: 'objects_fetched',
  text: `UPDATE managed_objects SET fresh = false, last_fetched_at = GREATEST(last_fetched_at, $4)
    WHERE instance_id = $1 AND id = ANY ($3::uuid[])`,
  values: [identifiersOf(jobs), latest(jobs)],
});

function isServable(seen: ManagedObject, row: ServableRow | undefined): boolean {
  if (row === undefined || row.suspended || row.destroying || isDestroyed(seen.state)) return false;
  return (
    row.state === seen.state &&
    row.stored_key_id === seen.custody?.storedKeyId &&
    row.root_key_id === seen.custody.rootKeyId &&
    row.root_key_version === seen.custody.rootKeyVersion &&
    row.stored_key_authenticated === (seen.custody.authenticated === true) &&
    row.digest.equals(seen.digest)
  );
}

function identifiersOf(jobs: readonly Job[]): string[] {
  return [...new Set(jobs.flatMap(({ object }) => (object === undefined ? [] : [object.uniqueIdentifier])))];
}

function latest(jobs: readonly Job[]): Date {
  return new Date(Math.max(...jobs.map(({ audit }) => audit.occurredAt.getTime())));
}
