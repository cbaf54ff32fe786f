import {
  type KeyNote,
  type KeyNotes,
  type ManagedObject,
  type NotedFact,
  notesOf,
  type AdoptedNote,
} from '@lib/kmip-engine';
import { type InstanceId, isUuid, type UniqueIdentifier } from '@lib/kernel';

import { type TenantTransactions, type Transaction } from '../database/transactions';

/** bigint columns come as text. */
interface NoteRow {
  readonly id: UniqueIdentifier;
  readonly number: string;
  readonly previous: string | null;
  readonly fact: NotedFact;
  readonly effective_at: Date;
}

const COLUMNS = 'id, number, previous, fact, effective_at';

/** In the transaction of the change, which holds the lock of the object's row: numbers are given one after the other. */
export async function enterNotes(
  transaction: Transaction,
  before: ManagedObject,
  after: ManagedObject,
  at: Date,
): Promise<void> {
  // Most changes say nothing of what must not come back, and ask nothing.
  if (notesOf(before, after, { last: undefined, at }).length === 0) return;
  const { rows } = await transaction.client.query<{ last: string | null }>(
    'SELECT max(number) AS last FROM key_notes WHERE instance_id = $1 AND id = $2',
    [transaction.instanceId, after.uniqueIdentifier],
  );
  const last = rows[0]?.last ?? undefined;
  const notes = notesOf(before, after, { last: last === undefined ? undefined : Number(last), at });
  for (const note of notes) await insertNote(transaction, note);
}

/** Notes that were found elsewhere. */
export async function adoptNotes(transaction: Transaction, notes: readonly AdoptedNote[]): Promise<void> {
  for (const note of notes) await insertNote(transaction, note, note.rootKeyId);
}

async function insertNote({ client, instanceId }: Transaction, note: KeyNote, writtenUnder?: string): Promise<void> {
  const { uniqueIdentifier, number, previous, fact, effectiveAt } = note;
  await client.query(
    `INSERT INTO key_notes (instance_id, ${COLUMNS}, written_under) VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT DO NOTHING`,
    [instanceId, uniqueIdentifier, number, previous, fact, effectiveAt, writtenUnder],
  );
}

export class PostgresKeyNotes implements KeyNotes {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  async of(uniqueIdentifier: UniqueIdentifier): Promise<readonly KeyNote[]> {
    if (!isUuid(uniqueIdentifier)) return [];
    return this.select('AND id = $2 ORDER BY number', [uniqueIdentifier]);
  }

  async unwritten(rootKeyId: string, limit: number): Promise<readonly KeyNote[]> {
    return this.select('AND written_under IS DISTINCT FROM $2 ORDER BY number, id LIMIT $3', [rootKeyId, limit]);
  }

  async countUnwritten(rootKeyId?: string): Promise<number> {
    return this.transactions.run(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM key_notes
          WHERE instance_id = $1 AND (written_under IS NULL OR written_under <> $2)`,
        [this.instanceId, rootKeyId ?? null],
      );
      return rows[0]?.count ?? 0;
    });
  }

  async markWritten({ uniqueIdentifier, number }: KeyNote, rootKeyId: string): Promise<void> {
    await this.transactions.run(this.instanceId, ({ client }) =>
      client.query('UPDATE key_notes SET written_under = $4 WHERE instance_id = $1 AND id = $2 AND number = $3', [
        this.instanceId,
        uniqueIdentifier,
        number,
        rootKeyId,
      ]),
    );
  }

  private async select(condition: string, values: readonly unknown[]): Promise<readonly KeyNote[]> {
    return this.transactions.run(this.instanceId, async ({ client }) => {
      const { rows } = await client.query<NoteRow>(
        `SELECT ${COLUMNS} FROM key_notes WHERE instance_id = $1 ${condition}`,
        [this.instanceId, ...values],
      );
      return rows.map((row) => ({
        uniqueIdentifier: row.id,
        number: Number(row.number),
        ...(row.previous === null ? {} : { previous: Number(row.previous) }),
        fact: row.fact,
        effectiveAt: row.effective_at,
      }));
    });
  }
}
