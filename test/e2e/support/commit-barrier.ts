import { type Client } from 'pg';

import { openDatabase } from './database';
import { type RunningService, until } from './running-service';

const LOCK = 7_919;
const WAITING = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
  UNION ALL SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
/** The product's own time-outs end the wait before. */
const ARRIVES_WITHIN_MS = 30_000;

/** A transaction, by one of its writes. */
export interface Write {
  readonly table: string;
  readonly write: 'INSERT' | 'UPDATE';
  /** Condition on NEW, in SQL. */
  readonly where: string;
}

/**
 * Holds the product in a chosen transaction, before its commit or after it, so that a test can kill it there. It is
 * made of triggers and settings in the database of the test: the product knows nothing of it.
 */
export class CommitBarrier {
  private constructor(
    private readonly holder: Client,
    private readonly observer: Client,
  ) {}

  static async open(service: RunningService, ...tables: readonly string[]): Promise<CommitBarrier> {
    const barrier = new CommitBarrier(await openDatabase(service), await openDatabase(service));
    await barrier.aimAt('NULL;');
    for (const table of tables) {
      await barrier.observer.query(
        `CREATE TRIGGER barrier BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION barrier()`,
      );
    }
    return barrier;
  }

  /** Whoever is about to write that waits from now on. */
  async holdBefore(aim: Write): Promise<void> {
    await this.holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const wait = `PERFORM set_config('lock_timeout', '0', true); PERFORM pg_advisory_xact_lock(${LOCK});`;
    await this.aimAt(onlyAt(aim, wait));
  }

  /**
   * Whoever commits that is not answered, as by a server whose standby is away: what is committed is there and nobody
   * was told. {@link awaitStandby} comes first.
   */
  async holdAfter(aim: Write): Promise<void> {
    await this.aimAt(onlyAt(aim, `PERFORM set_config('synchronous_commit', 'remote_write', true);`));
  }

  /** Commits that ask for it wait for a standby that never comes; no other does. */
  async awaitStandby(): Promise<void> {
    await this.observer.query(`ALTER SYSTEM SET synchronous_commit = 'local'`);
    await this.observer.query('SELECT pg_reload_conf()');
    await this.observer.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
    await this.observer.query('SELECT pg_reload_conf()');
    await until('a commit waits for the standby', ARRIVES_WITHIN_MS, async () => {
      const commit = this.holder.query(
        `BEGIN; SET LOCAL synchronous_commit = remote_write; SELECT pg_logical_emit_message(true, 'probe', ''); COMMIT`,
      );
      let ended = false;
      void commit.finally(() => (ended = true)).catch(() => undefined);
      await until('a commit ends or waits', ARRIVES_WITHIN_MS, async () => ended || (await this.waiting()) > 0);
      const waited = !ended;
      await this.release();
      await commit;
      return waited;
    });
  }

  /** Resolves when so many wait. */
  async reached(count = 1): Promise<void> {
    await until('the step is reached', ARRIVES_WITHIN_MS, async () => (await this.waiting()) >= count);
  }

  /** Lets everybody pass, and waits until they have: also those whose process has died meanwhile. */
  async lift(): Promise<void> {
    const { rows: held } = await this.observer.query<{ pid: number }>(`SELECT pid FROM (${WAITING}) waiting`, [LOCK]);
    await this.aimAt('NULL;');
    await this.holder.query('SELECT pg_advisory_unlock_all()');
    await this.release();
    await until('who was held has ended', ARRIVES_WITHIN_MS, async () => {
      const { rowCount } = await this.observer.query(
        `SELECT FROM pg_stat_activity WHERE pid = ANY ($1) AND state <> 'idle'`,
        [held.map(({ pid }) => pid)],
      );
      return rowCount === 0;
    });
  }

  async end(): Promise<void> {
    await this.holder.end();
    await this.observer.end();
  }

  private async waiting(): Promise<number> {
    return (await this.observer.query(WAITING, [LOCK])).rows.length;
  }

  /** A commit whose wait is cancelled stays a commit. */
  private async release(): Promise<void> {
    await this.observer.query(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
  }

  private async aimAt(body: string): Promise<void> {
    await this.observer.query(
      `CREATE OR REPLACE FUNCTION barrier() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
        ${body} RETURN NEW; END $body$`,
    );
  }
}

/** Nested, as a field of NEW can be read for its own table only. */
const onlyAt = ({ table, write, where }: Write, statements: string): string =>
  `IF TG_OP = '${write}' AND TG_TABLE_NAME = '${table}' THEN IF ${where} THEN ${statements} END IF; END IF;`;
