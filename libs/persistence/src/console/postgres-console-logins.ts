import { type Sealed } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

/** Somebody was sent to IAM, and is expected back. */
export interface PendingLogin {
  readonly stateHash: Buffer;
  /** Of what his browser was given: with another one nobody comes back in his place. */
  readonly browserHash: Buffer;
  readonly sealed: Sealed;
  readonly expiresAt: Date;
}

/** Whoever asks for a page to sign in adds a row: of more than this, the oldest are taken away. */
const MAXIMUM = 100_000;

/** Sign-ins that have begun, wherever in the region they come back to. */
export class PostgresConsoleLogins {
  constructor(private readonly dataSource: DataSource) {}

  async begin({ stateHash, browserHash, sealed, expiresAt }: PendingLogin): Promise<void> {
    const sql = `INSERT INTO console_logins (state_hash, browser_hash, service_key_version, sealed, expires_at)
      VALUES ($1, $2, $3, $4, $5)`;
    await regionQuery(this.dataSource, sql, [
      stateHash,
      browserHash,
      sealed.serviceKeyVersion,
      sealed.bytes,
      expiresAt,
    ]);
  }

  /** Whatever becomes of it, nobody comes back with it again. */
  async take(stateHash: Buffer, now: Date): Promise<PendingLogin | undefined> {
    const [row] = await regionQuery<{
      browser_hash: Buffer;
      service_key_version: number;
      sealed: Buffer;
      expires_at: Date;
    }>(
      this.dataSource,
      'DELETE FROM console_logins WHERE state_hash = $1 RETURNING browser_hash, service_key_version, sealed, expires_at',
      [stateHash],
    );
    if (row === undefined || row.expires_at <= now) return undefined;
    return {
      stateHash,
      browserHash: row.browser_hash,
      sealed: { serviceKeyVersion: row.service_key_version, bytes: row.sealed },
      expiresAt: row.expires_at,
    };
  }

  async sweep(now: Date, maximum = MAXIMUM): Promise<void> {
    const sql = `DELETE FROM console_logins WHERE expires_at <= $1
      OR expires_at <= (SELECT expires_at FROM console_logins ORDER BY expires_at DESC OFFSET $2 LIMIT 1)`;
    await regionQuery(this.dataSource, sql, [now, maximum]);
  }
}
