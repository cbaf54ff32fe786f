import { type AuditEvent } from '@lib/audit';
import { type AccessRefusal, AccessWithdrawn, servableAs, type ServableObject } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type QueryConfig } from 'pg';

import { toAppend } from '../audit/appended';
import { type ChainMarkRow, type TenantTransactions } from '../database/transactions';
import { done, failed, GatheredWork } from './gathered-work';

/** What is to be committed. */
export interface Entry {
  readonly audit: AuditEvent;
  /** Certificate in whose name it happened; absent for what needs none. */
  readonly client?: string | undefined;
  /** Present when a key is about to be served: it must still be servable as the caller saw it. */
  readonly object?: ServableObject;
}

const CHANGED = 'changed';

interface OutcomesRow extends Partial<ChainMarkRow> {
  /** By entry: NULL when it was recorded. */
  readonly outcomes: readonly (AccessRefusal | typeof CHANGED | null)[];
}

/** Commits fetches and plain audit records. One client's removal fails nobody else's fetch. */
export class FetchLog {
  private readonly work: GatheredWork<Entry, boolean>;

  constructor(transactions: TenantTransactions) {
    this.work = new GatheredWork(async (instanceId, entries) => {
      const { outcomes } = await transactions.statement<OutcomesRow>(
        instanceId,
        (again) => recordServed(instanceId, entries, again),
        (row) => entries.filter((_, n) => row.outcomes[n] === null).map(({ audit }) => audit),
      );
      return outcomes.map((outcome) => {
        if (outcome === null || outcome === CHANGED) return done(outcome === null);
        return failed(new AccessWithdrawn(outcome));
      });
    });
  }

  /**
   * @returns false when the object is no longer servable as given; nothing is recorded then
   * @throws AccessWithdrawn when the certificate is not served any more; nothing is recorded then either
   */
  async record(instanceId: InstanceId, entry: Entry): Promise<boolean> {
    const { object } = entry;
    if (object !== undefined && servableAs(object) === undefined) return false;
    return this.work.do(instanceId, entry);
  }
}

function recordServed(instanceId: InstanceId, entries: readonly Entry[], again: boolean): QueryConfig {
  const { texts, packed } = toAppend(
    instanceId,
    entries.map(({ audit }) => audit),
  );
  return {
    name: 'record_served',
    text: 'SELECT outcomes, last_seq, last_hash FROM record_served($1, $2, $3, $4, $5, $6, $7, $8)',
    values: [
      instanceId,
      texts,
      entries.map(({ client }) => client),
      entries.map(({ object }) => object?.uniqueIdentifier),
      entries.map(({ object }) => object && servableAs(object)),
      new Date(Math.max(...entries.map(({ audit }) => audit.occurredAt.getTime()))),
      again,
      packed,
    ],
  };
}
