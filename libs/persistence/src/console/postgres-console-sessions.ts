import { type Sealed } from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { regionQuery } from '../database/region-query';

/** Whom a session is of, and how long. */
interface SessionFacts {
  readonly id: string;
  readonly iamId: string;
  readonly accountId: string;
  readonly sealed: Sealed;
  /** End of the access token. */
  readonly accessExpiresAt: Date;
  readonly signedInAt: Date;
  readonly expiresAt: Date;
}

export interface NewConsoleSession extends SessionFacts {
  readonly cookieHash: Buffer;
}

export interface ConsoleSession extends SessionFacts {
  /** Grows when its tokens are replaced. */
  readonly revision: number;
  readonly usedAt: Date;
  /** Which of its cookies was shown: `next` was sent to the browser, which has not used it before. */
  readonly shown: 'current' | 'next' | 'former';
}

/** When it ends for want of use, and by when it was signed in. */
export interface SessionLimits {
  readonly now: Date;
  readonly idleMs: number;
}

export interface RenewedTokens {
  readonly sealed: Sealed;
  readonly accessExpiresAt: Date;
  readonly nextHash: Buffer;
}

interface SessionRow {
  readonly id: string;
  readonly iam_id: string;
  readonly account_id: string;
  readonly service_key_version: number;
  readonly sealed: Buffer;
  readonly access_expires_at: Date;
  readonly revision: number;
  readonly signed_in_at: Date;
  readonly used_at: Date;
  readonly expires_at: Date;
  readonly shown: ConsoleSession['shown'];
}

/** A backup gives sessions back that had ended since: none from before a restore is good (docs/adr/0061). */
const ALIVE = `expires_at > $1 AND used_at > $1 - $2::integer * interval '1 millisecond'
  AND signed_in_at > COALESCE((SELECT restored_at FROM region_progress), '-infinity')`;

/** Sessions of the web console, for all processes of the region. Of cookies it has hashes. */
export class PostgresConsoleSessions {
  constructor(private readonly dataSource: DataSource) {}

  /** @param kept of one person; of more, those end that were signed in first */
  async add(session: NewConsoleSession, kept: number): Promise<void> {
    const { sealed } = session;
    await this.query(
      `WITH added AS (
          INSERT INTO console_sessions (id, iam_id, account_id, current_hash, service_key_version, sealed,
            access_expires_at, revision, signed_in_at, used_at, expires_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8, $9))
        DELETE FROM console_sessions WHERE id IN (SELECT id FROM console_sessions WHERE iam_id = $2 AND id <> $1
          ORDER BY signed_in_at DESC, id OFFSET $10)`,
      [
        session.id,
        session.iamId,
        session.accountId,
        session.cookieHash,
        sealed.serviceKeyVersion,
        sealed.bytes,
        session.accessExpiresAt,
        session.signedInAt,
        session.expiresAt,
        kept - 1,
      ],
    );
  }

  async find(cookieHash: Buffer, { now, idleMs }: SessionLimits): Promise<ConsoleSession | undefined> {
    return this.#one(
      `(current_hash = $3 OR next_hash = $3 OR former_hash = $3 AND former_until > $1)`,
      [now, idleMs, cookieHash],
      `CASE WHEN current_hash = $3 THEN 'current' WHEN next_hash = $3 THEN 'next' ELSE 'former' END`,
    );
  }

  /** As it is now. */
  async get(id: string, { now, idleMs }: SessionLimits): Promise<ConsoleSession | undefined> {
    return this.#one('id = $3', [now, idleMs, id], `'current'`);
  }

  /** Of these, those that have not ended. */
  async alive(ids: readonly string[], { now, idleMs }: SessionLimits): Promise<readonly string[]> {
    const sql = `SELECT id FROM console_sessions WHERE id = ANY($3) AND ${ALIVE}`;
    return (await this.query<{ readonly id: string }>(sql, [now, idleMs, ids])).map(({ id }) => id);
  }

  async touch(id: string, now: Date): Promise<void> {
    await this.query('UPDATE console_sessions SET used_at = $2 WHERE id = $1 AND used_at < $2', [id, now]);
  }

  /** The browser has the next cookie; for requests under way the one before is good until then. */
  async confirm(id: string, nextHash: Buffer, formerUntil: Date): Promise<void> {
    const sql = `UPDATE console_sessions
      SET former_hash = current_hash, former_until = $3, current_hash = next_hash, next_hash = NULL
      WHERE id = $1 AND next_hash = $2`;
    await this.query(sql, [id, nextHash, formerUntil]);
  }

  /**
   * @returns undefined when another process renews the tokens, or has renewed them: a refresh token may be good for once.
   * `overdue`: another one began, and is not heard of any more
   */
  async claimRenewal(
    { id, revision }: ConsoleSession,
    now: Date,
    until: Date,
  ): Promise<{ readonly overdue: boolean } | undefined> {
    const sql = `UPDATE console_sessions SET refreshing_until = $4
      WHERE id = $1 AND revision = $2 AND (refreshing_until IS NULL OR refreshing_until <= $3)
      RETURNING (SELECT before.refreshing_until FROM console_sessions before WHERE before.id = $1) IS NOT NULL AS overdue`;
    return (await this.query<{ readonly overdue: boolean }>(sql, [id, revision, now, until]))[0];
  }

  /** @returns false when it has ended meanwhile */
  async renewed(
    { id, revision }: ConsoleSession,
    { sealed, accessExpiresAt, nextHash }: RenewedTokens,
  ): Promise<boolean> {
    const sql = `UPDATE console_sessions SET service_key_version = $3, sealed = $4, access_expires_at = $5, next_hash = $6,
        revision = revision + 1, refreshing_until = NULL
      WHERE id = $1 AND revision = $2 RETURNING 1`;
    const values = [id, revision, sealed.serviceKeyVersion, sealed.bytes, accessExpiresAt, nextHash];
    return (await this.query(sql, values)).length > 0;
  }

  /** IAM could not be asked: nobody asks again before that. */
  async postponeRenewal({ id, revision }: ConsoleSession, until: Date): Promise<void> {
    const sql = 'UPDATE console_sessions SET refreshing_until = $3 WHERE id = $1 AND revision = $2';
    await this.query(sql, [id, revision, until]);
  }

  /**
   * IAM refused its tokens.
   * @param until of the claim under which they were shown
   * @returns false when another process has others by now, or is getting them, or it has ended
   */
  async endUnrenewed({ id, revision }: ConsoleSession, until: Date): Promise<boolean> {
    const sql = 'DELETE FROM console_sessions WHERE id = $1 AND revision = $2 AND refreshing_until = $3 RETURNING 1';
    return (await this.query(sql, [id, revision, until])).length > 0;
  }

  async end(id: string): Promise<void> {
    await this.query('DELETE FROM console_sessions WHERE id = $1', [id]);
  }

  /** @returns how many there were */
  async endAll(iamId: string): Promise<number> {
    return (await this.query('DELETE FROM console_sessions WHERE iam_id = $1 RETURNING 1', [iamId])).length;
  }

  async sweep({ now, idleMs }: SessionLimits): Promise<void> {
    await this.query(`DELETE FROM console_sessions WHERE NOT (${ALIVE})`, [now, idleMs]);
  }

  async #one(condition: string, values: readonly unknown[], shown: string): Promise<ConsoleSession | undefined> {
    const [row] = await this.query<SessionRow>(
      `SELECT id, iam_id, account_id, service_key_version, sealed, access_expires_at, revision, signed_in_at, used_at,
          expires_at, ${shown} AS shown
        FROM console_sessions WHERE ${condition} AND ${ALIVE}`,
      values,
    );
    return row && toSession(row);
  }

  private query<Row = unknown>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return regionQuery<Row>(this.dataSource, sql, values);
  }
}

const toSession = (row: SessionRow): ConsoleSession => ({
  id: row.id,
  iamId: row.iam_id,
  accountId: row.account_id,
  sealed: { serviceKeyVersion: row.service_key_version, bytes: row.sealed },
  accessExpiresAt: row.access_expires_at,
  revision: row.revision,
  signedInAt: row.signed_in_at,
  usedAt: row.used_at,
  expiresAt: row.expires_at,
  shown: row.shown,
});
