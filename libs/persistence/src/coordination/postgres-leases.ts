import { type Leases } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

/** A row with owner and expiry, by the database's clock: works behind poolers, where session locks do not. */
export class PostgresLeases implements Leases {
  constructor(private readonly dataSource: DataSource) {}

  async acquire(name: string, owner: string, ttlMs: number): Promise<number | undefined> {
    const sql = `INSERT INTO leases AS held (name, owner, term, expires_at)
        VALUES ($1, $2, 1, now() + $3::int * interval '1 millisecond')
      ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at,
        term = held.term + CASE WHEN held.owner = EXCLUDED.owner THEN 0 ELSE 1 END
        WHERE held.owner = EXCLUDED.owner OR held.expires_at < now()
      RETURNING term`;
    const rows = await regionQuery<{ term: string }>(this.dataSource, sql, [name, owner, ttlMs]);
    return rows[0] === undefined ? undefined : Number(rows[0].term);
  }

  async release(name: string, owner: string): Promise<void> {
    // Expired, not deleted: the next holder's term must still grow.
    await regionQuery(this.dataSource, `UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND owner = $2`, [
      name,
      owner,
    ]);
  }
}
