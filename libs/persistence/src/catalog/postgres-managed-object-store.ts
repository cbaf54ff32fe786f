import { type AuditEvent } from '@lib/audit';
import {
  AccessWithdrawn,
  type CreationIntent,
  type CustodyMoves,
  isDestroyed,
  type LaterLooks,
  type LostKeys,
  type KeyNotes,
  type LocatedObjects,
  type LocateFilter,
  type ManagedObject,
  type ManagedObjectStore,
  type Mutation,
  ObjectStoreError,
  type ServableObject,
  type AdoptedNote,
} from '@lib/kmip-engine';
import { type InstanceId, isUuid, type UniqueIdentifier } from '@lib/kernel';
import { type QueryResult } from 'pg';

import { ClientsRefused, violatedConstraint } from '../database/persistence.error';
import { type PreparedCall, type PreparedStatement } from '../database/prepared';
import { type TenantTransactions, type Transaction } from '../database/transactions';
import { findAttributes } from './attribute-search';
import { giveBackPlace, insertObject, lockObject, readObject, takePlace, updateObject } from './catalog-statements';
import { type BirthLog } from './birth-log';
import { type FetchLog } from './fetch-log';
import { locateQuery } from './locate-query';
import { type ManagedObjectRow, toManagedObject } from './managed-object.mapper';
import { PostgresCustodyMoves } from './postgres-custody-moves';
import { PostgresLaterLooks } from './postgres-later-looks';
import { PostgresLostKeys } from './postgres-lost-keys';
import { PostgresKeyNotes, adoptNotes, enterNotes } from './postgres-key-notes';

const READ_USAGE: PreparedStatement = {
  name: 'usage_read',
  types: 'uuid',
  text: 'SELECT live_keys FROM instance_usage WHERE instance_id = $1',
};

const LOCK_INTENT: PreparedStatement = {
  name: 'intent_lock',
  types: 'uuid, uuid',
  text: 'SELECT claimed_at, refused_at, started_at FROM creation_intents WHERE instance_id = $1 AND id = $2 FOR UPDATE',
};

interface LockedIntent {
  readonly claimed_at: Date | null;
  readonly refused_at: Date | null;
  readonly started_at: Date;
}

const OBJECT_EXISTS: PreparedStatement = {
  name: 'object_exists',
  types: 'uuid, uuid',
  text: 'SELECT 1 FROM managed_objects WHERE instance_id = $1 AND id = $2',
};

/** What gathers the work of all requests of a process. */
export interface CatalogLogs {
  readonly fetches: FetchLog;
  readonly births: BirthLog;
}

/** The catalog of one instance in Postgres. Made by {@link PostgresObjectStores}. */
export class PostgresManagedObjectStore implements ManagedObjectStore {
  readonly moves: CustodyMoves;
  private readonly changes: TenantTransactions;
  readonly laterLooks: LaterLooks;
  readonly lost: LostKeys;
  readonly notes: KeyNotes;

  constructor(
    private readonly transactions: TenantTransactions,
    private readonly logs: CatalogLogs,
    private readonly instanceId: InstanceId,
    /** Id of the certificate in whose name everything is done; absent for what is done in nobody's. */
    private readonly client?: string,
  ) {
    this.changes = transactions.for('changes');
    this.moves = new PostgresCustodyMoves(transactions, instanceId);
    this.laterLooks = new PostgresLaterLooks(transactions, instanceId);
    this.lost = new PostgresLostKeys(transactions, instanceId);
    this.notes = new PostgresKeyNotes(transactions, instanceId);
  }

  async find(uniqueIdentifier: UniqueIdentifier): Promise<ManagedObject | undefined> {
    if (!isUuid(uniqueIdentifier)) return undefined;
    return objectIn(await this.transactions.read(this.instanceId, readObject(this.instanceId, uniqueIdentifier)));
  }

  async countLive(): Promise<number> {
    const call = { statement: READ_USAGE, values: [this.instanceId] };
    const { rows } = await this.transactions.read(this.instanceId, call);
    return (rows[0] as { live_keys: number } | undefined)?.live_keys ?? 0;
  }

  async openIntent(intent: CreationIntent, maximumLive: number): Promise<void> {
    await this.logs.births.open(this.instanceId, { intent, maximumLive, client: this.client });
  }

  async completeIntent(object: ManagedObject, audit: AuditEvent): Promise<void> {
    const [client] = this.clientsOf(audit);
    await this.logs.births.complete(this.instanceId, { object, audit, client });
  }

  async restore(
    object: ManagedObject,
    audit: AuditEvent,
    interruptedBefore: Date,
    adopted: readonly AdoptedNote[] = [],
  ): Promise<'restored' | 'present' | 'busy'> {
    const restore = async (transaction: Transaction, [intent, existing]: QueryResult[]) => {
      if (existing?.rowCount === 1) return 'present';
      const [open] = (intent?.rows ?? []) as LockedIntent[];
      if (open !== undefined && (open.refused_at !== null || open.started_at >= interruptedBefore)) return 'busy';
      await insertObject(transaction, object);
      await adoptNotes(transaction, adopted);
      // After the Names, as a destruction does it. An intent held a place; a key that comes destroyed needs none.
      if (open === undefined && !isDestroyed(object.state)) await takePlace(transaction);
      if (open !== undefined && isDestroyed(object.state)) await giveBackPlace(transaction);
      await transaction.appendAudit([audit]);
      return 'restored';
    };
    try {
      return await this.withStoreErrors(() => this.changes.run(this.instanceId, restore, this.lockBirth(object)));
    } catch (error) {
      // Another one that restores came first: without an intent there is no row to wait at.
      if (violatedConstraint(error) === 'pk_managed_objects') return 'present';
      throw error;
    }
  }

  async claimIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean> {
    return this.changes.run(this.instanceId, async ({ client }) => {
      const { rowCount } = await client.query(
        'UPDATE creation_intents SET claimed_at = COALESCE(claimed_at, now()) WHERE instance_id = $1 AND id = $2',
        [this.instanceId, uniqueIdentifier],
      );
      return rowCount === 1;
    });
  }

  async refuseIntent(uniqueIdentifier: UniqueIdentifier): Promise<boolean> {
    return this.changes.run(this.instanceId, async ({ client }) => {
      const { rowCount } = await client.query(
        `UPDATE creation_intents SET claimed_at = COALESCE(claimed_at, now()), refused_at = COALESCE(refused_at, now())
          WHERE instance_id = $1 AND id = $2`,
        [this.instanceId, uniqueIdentifier],
      );
      return rowCount === 1;
    });
  }

  async abandonIntent(uniqueIdentifier: UniqueIdentifier): Promise<void> {
    await this.changes.run(this.instanceId, async (transaction) => {
      const { rowCount } = await transaction.client.query(
        'DELETE FROM creation_intents WHERE instance_id = $1 AND id = $2',
        [this.instanceId, uniqueIdentifier],
      );
      if (rowCount === 1) await giveBackPlace(transaction);
    });
  }

  async noteClear(uniqueIdentifier: UniqueIdentifier, since: Date | undefined): Promise<void> {
    await this.transactions.run(this.instanceId, ({ client }) =>
      client.query('UPDATE creation_intents SET clear_since = $3 WHERE instance_id = $1 AND id = $2', [
        this.instanceId,
        uniqueIdentifier,
        since,
      ]),
    );
  }

  async staleIntents(before: Date, limit: number): Promise<readonly CreationIntent[]> {
    return this.transactions.look(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<{
        id: string;
        stored_key_name: string;
        started_at: Date;
        created_by: string;
        refused: boolean;
        clear_since: Date | null;
      }>(
        `SELECT id, stored_key_name, started_at, created_by, refused_at IS NOT NULL AS refused, clear_since
          FROM creation_intents
          WHERE instance_id = $1 AND started_at < $2 AND (clear_since IS NULL OR clear_since < $2)
          ORDER BY started_at, id LIMIT $3`,
        [this.instanceId, before, limit],
      );
      return rows.map((row) => ({
        uniqueIdentifier: row.id as UniqueIdentifier,
        storedKeyName: row.stored_key_name,
        startedAt: row.started_at,
        createdBy: row.created_by,
        ...(row.refused && { refused: true }),
        ...(row.clear_since && { clearSince: row.clear_since }),
      }));
    });
  }

  async mutate<T>(
    uniqueIdentifier: UniqueIdentifier,
    decide: (current: ManagedObject) => Mutation<T>,
  ): Promise<{ readonly result: T } | undefined> {
    if (!isUuid(uniqueIdentifier)) return undefined;
    const first = [lockObject(this.instanceId, uniqueIdentifier), readObject(this.instanceId, uniqueIdentifier)];
    const change = async (transaction: Transaction, [, found]: QueryResult[]) => {
      const current = objectIn(found);
      if (current === undefined) return undefined;
      const { object, audit, result, adopted } = decide(current);
      if (object !== undefined) await updateObject(transaction, current, { ...object, uniqueIdentifier });
      if (adopted !== undefined) await adoptNotes(transaction, adopted);
      else if (object !== undefined) await enterNotes(transaction, current, object, audit.occurredAt);
      await transaction.appendAudit([audit], this.clientsOf(audit));
      return { result };
    };
    return this.withStoreErrors(() => this.changes.run(this.instanceId, change, first));
  }

  async recordFetch(object: ServableObject, audit: AuditEvent): Promise<boolean> {
    return this.logs.fetches.record(this.instanceId, { audit, object, client: this.client });
  }

  async pendingDeletions(
    limit: number,
  ): Promise<readonly { readonly uniqueIdentifier: UniqueIdentifier; readonly storedKeyId: string }[]> {
    return this.transactions.look(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<{ id: string; stored_key_id: string }>(
        `SELECT id, stored_key_id FROM managed_objects
          WHERE instance_id = $1 AND destroy_requested_at IS NOT NULL AND stored_key_id IS NOT NULL
            AND state NOT IN ('Destroyed', 'DestroyedCompromised')
          ORDER BY destroy_requested_at, id LIMIT $2`,
        [this.instanceId, limit],
      );
      return rows.map((row) => ({ uniqueIdentifier: row.id as UniqueIdentifier, storedKeyId: row.stored_key_id }));
    });
  }

  async locate(filter: LocateFilter): Promise<LocatedObjects> {
    return this.transactions.for('search').look(this.instanceId, async ({ client }) => {
      const attributes = await findAttributes(client, this.instanceId, filter.attributes ?? []);
      const { rows } = await client.query<{ total: number | null; ids: UniqueIdentifier[] }>(
        locateQuery(this.instanceId, filter, attributes),
      );
      const [{ ids, total } = { ids: [], total: 0 }] = rows;
      return { uniqueIdentifiers: ids, ...(total !== null && { total }) };
    });
  }

  async record(audit: AuditEvent): Promise<void> {
    const [client] = this.clientsOf(audit);
    await this.logs.fetches.record(this.instanceId, { audit, client });
  }

  /** The intent is locked before the object is looked for: a twin call that just finished is seen then. */
  private lockBirth({ uniqueIdentifier }: ManagedObject): readonly PreparedCall[] {
    const values = [this.instanceId, uniqueIdentifier];
    return [LOCK_INTENT, OBJECT_EXISTS].map((statement) => ({ statement, values }));
  }

  /** A client that lost its access is told so, and the trail has it: only what succeeds needs the access. */
  private clientsOf({ outcome }: AuditEvent): readonly string[] {
    return this.client === undefined || outcome === 'failure' ? [] : [this.client];
  }

  private async withStoreErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ClientsRefused) throw withdrawn(error);
      if (violatedConstraint(error) === 'ux_managed_object_attributes_name') throw new ObjectStoreError('name_taken');
      throw error;
    }
  }
}

/** A transaction of the store is one client's. */
function withdrawn({ refusals }: ClientsRefused): AccessWithdrawn {
  const [refusal = 'certificate_removed'] = refusals.values();
  return new AccessWithdrawn(refusal);
}

function objectIn(result: QueryResult | undefined): ManagedObject | undefined {
  const row = result?.rows[0] as ManagedObjectRow | undefined;
  return row === undefined ? undefined : toManagedObject(row);
}
