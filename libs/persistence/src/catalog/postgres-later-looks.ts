import { type FormerStoredKey, type LaterLook, type LaterLooks } from '@lib/kmip-engine';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { type TenantTransactions } from '../database/transactions';

interface LookRow {
  readonly id: UniqueIdentifier;
  readonly stored_key_id: string | null;
  readonly root_key_id: string | null;
  readonly destroyed_at: Date;
  readonly looks: number;
  readonly formerly: readonly (readonly [storedKeyId: string, rootKeyId: string, leftAt: string])[];
}

/** Destroyed keys of one instance that are looked for again. Rows come with the commit that destroys a key. */
export class PostgresLaterLooks implements LaterLooks {
  constructor(
    private readonly transactions: TenantTransactions,
    private readonly instanceId: InstanceId,
  ) {}

  async due(now: Date, limit: number): Promise<readonly LaterLook[]> {
    const { rows } = await this.query<LookRow>(
      `SELECT id, stored_key_id, root_key_id, destroyed_at, looks,
          (SELECT coalesce(json_agg(json_build_array(f.stored_key_id, f.root_key_id, f.left_at) ORDER BY f.left_at), '[]')
            FROM former_stored_keys f WHERE f.instance_id = $1 AND f.id = later_looks.id) AS formerly
        FROM later_looks
        WHERE instance_id = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3`,
      [now, limit],
    );
    return rows.map((row) => ({
      uniqueIdentifier: row.id,
      ...placeOf(row),
      destroyedAt: row.destroyed_at,
      looks: row.looks,
      ...(row.formerly.length > 0 && { formerly: row.formerly.map(toFormer) }),
    }));
  }

  async find(uniqueIdentifier: UniqueIdentifier): Promise<Pick<LaterLook, 'storedKeyId' | 'rootKeyId'> | undefined> {
    const sql = 'SELECT stored_key_id, root_key_id FROM later_looks WHERE instance_id = $1 AND id = $2';
    const [row] = (await this.query<Pick<LookRow, 'stored_key_id' | 'root_key_id'>>(sql, [uniqueIdentifier])).rows;
    return row && placeOf(row);
  }

  async postpone(uniqueIdentifier: UniqueIdentifier, looks: number, dueAt: Date): Promise<void> {
    await this.query('UPDATE later_looks SET looks = $3, due_at = $4 WHERE instance_id = $1 AND id = $2', [
      uniqueIdentifier,
      looks,
      dueAt,
    ]);
  }

  async end(uniqueIdentifier: UniqueIdentifier): Promise<void> {
    await this.query(
      `WITH former AS (DELETE FROM former_stored_keys WHERE instance_id = $1 AND id = $2)
        DELETE FROM later_looks WHERE instance_id = $1 AND id = $2`,
      [uniqueIdentifier],
    );
  }

  private query<T extends object>(text: string, values: readonly unknown[]) {
    return this.transactions.run(this.instanceId, ({ client }) => client.query<T>(text, [this.instanceId, ...values]));
  }
}

const placeOf = ({
  stored_key_id: storedKeyId,
  root_key_id: rootKeyId,
}: Pick<LookRow, 'stored_key_id' | 'root_key_id'>) => ({
  ...(storedKeyId !== null && { storedKeyId }),
  ...(rootKeyId !== null && { rootKeyId }),
});

const toFormer = ([storedKeyId, rootKeyId, leftAt]: LookRow['formerly'][number]): FormerStoredKey => ({
  storedKeyId,
  rootKeyId,
  leftAt: new Date(leftAt),
});
