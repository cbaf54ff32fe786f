import { type Client } from 'pg';

import { openDatabase } from '../../e2e/support/database';
import { type RunningService, until } from '../../e2e/support/running-service';
import { WriteTrace } from '../../e2e/support/write-trace';

/** First key of the advisory locks; the second one is the number of the hold. */
const LOCK = 7_919;
const PASSES_WITHIN_MS = 30_000;

/** A call of the key manager, or a transaction: what a process does outside of itself. */
export interface Step {
  /** What it is done to: the id of a key, a plan, a binding. */
  readonly about: string;
  readonly kind: 'call' | 'transaction';
  /** Of those about it, since the hold was placed, from 1. */
  readonly nth: number;
  /** `after`: of a call, its effect; what is `after` a transaction is `before` the step that follows. */
  readonly moment: 'before' | 'after';
}

/** In order. */
export interface Done {
  /** Names of operations. */
  readonly calls: readonly string[];
  /** Tables with what was written. */
  readonly transactions: readonly string[];
}

interface LoggedRequest {
  readonly operation: string;
  readonly instance?: string;
  readonly about?: readonly string[];
  readonly silenced?: true;
}

/**
 * Stops whoever comes to a chosen step, so that a test can kill it there; each hold strikes once. Calls are held by the
 * stand-in cloud, transactions at their first write by triggers in the database of the test. The product knows nothing
 * of either.
 */
export class StepHolds {
  /** Calls that were answered while nobody was held, and those seen since. */
  readonly #calls: LoggedRequest[] = [];
  /** By the number of the lock, or the id of the fault. */
  readonly #placed = new Map<number | string, Step>();
  #since = '0';
  #numbers = 0;
  /** What has one hold. */
  #single: ReadonlySet<string> = new Set();

  private constructor(
    private readonly service: RunningService,
    private readonly trace: WriteTrace,
    /** Has the locks, by which others wait. */
    private readonly holder: Client,
    private readonly observer: Client,
  ) {}

  static async open(service: RunningService): Promise<StepHolds> {
    const trace = await WriteTrace.open(service);
    const [holder, observer] = [await openDatabase(service), await openDatabase(service)];
    await observer.query(`
      CREATE TABLE trace.holds (number integer PRIMARY KEY, about text, nth integer, since bigint);
      -- A list of keys, in a plan for one, is about none of them.
      CREATE FUNCTION trace.is_about(written jsonb, subject text) RETURNS boolean LANGUAGE sql AS $body$
        SELECT EXISTS (SELECT FROM jsonb_each(written) WHERE jsonb_typeof(value) = 'string' AND value #>> '{}' = subject)
      $body$;
      CREATE FUNCTION trace.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$
      DECLARE hold trace.holds; written jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
      BEGIN
        FOR hold IN SELECT * FROM trace.holds WHERE trace.is_about(written, about) LOOP
          IF hold.nth = 1 + (SELECT count(DISTINCT transaction) FROM trace.writes w
            WHERE w.number > hold.since AND trace.is_about(w.written, hold.about)) THEN
            PERFORM set_config('lock_timeout', '0', true);
            PERFORM pg_advisory_xact_lock(${LOCK}, hold.number);
          END IF;
        END LOOP;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $body$`);
    const { rows } = await observer.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
    );
    for (const { relname } of rows) {
      await observer.query(
        `CREATE TRIGGER hold BEFORE INSERT OR UPDATE OR DELETE ON ${relname} FOR EACH ROW EXECUTE FUNCTION trace.hold()`,
      );
    }
    return new StepHolds(service, trace, holder, observer);
  }

  async place(steps: readonly Step[]): Promise<void> {
    await this.service.localCloud('DELETE', '/requests');
    this.#calls.length = 0;
    const { rows } = await this.observer.query<{ last: string }>(
      'SELECT coalesce(max(number), 0) AS last FROM trace.writes',
    );
    this.#since = rows[0]?.last ?? '0';
    const abouts = steps.map(({ about }) => about);
    this.#single = new Set(abouts.filter((about) => abouts.indexOf(about) === abouts.lastIndexOf(about)));
    for (const step of steps) await this.#place(step);
  }

  async #place(step: Step): Promise<void> {
    const { about, nth, kind, moment } = step;
    if (kind === 'call') {
      const { id } = await this.service.localCloud<{ id: string }>('POST', '/faults', {
        match: { about },
        effect: { kind: 'hang', when: moment },
        skip: nth - 1,
        count: 1,
      });
      this.#placed.set(id, step);
      return;
    }
    const number = (this.#numbers += 1);
    await this.holder.query('SELECT pg_advisory_lock($1, $2)', [LOCK, number]);
    await this.observer.query('INSERT INTO trace.holds VALUES ($1, $2, $3, $4)', [number, about, nth, this.#since]);
    this.#placed.set(number, step);
  }

  /** Those at which somebody waits. */
  async reached(): Promise<readonly Step[]> {
    const silenced = (await this.#requests()).filter((request) => request.silenced === true);
    const [waiting, faults] = [
      await this.#waiting(),
      await this.service.localCloud<{ id: string }[]>('GET', '/faults'),
    ];
    const unused = new Set(faults.map(({ id }) => id));
    return [...this.#placed].flatMap(([by, step]) => {
      const isAbout = ({ about = [] }: LoggedRequest) => about.some((text) => text.includes(step.about));
      const isReached = typeof by === 'number' ? waiting.has(by) : !unused.has(by) && silenced.some(isAbout);
      return isReached ? [step] : [];
    });
  }

  /**
   * After those who wait were killed: their transactions come to nothing. Who was killed between its steps, or is past
   * them, is not held any more: what is done to it from now on is another thing.
   * @returns the steps at which somebody was
   */
  async release(): Promise<readonly Step[]> {
    const reached = await this.reached();
    this.#calls.push(...(await this.#requests()));
    await this.service.localCloud('DELETE', '/requests');
    const waiting = await this.#waiting();
    await this.observer.query('SELECT pg_terminate_backend(pid, 10000) FROM unnest($1::integer[]) pid', [
      [...waiting.values()],
    ]);
    for (const number of waiting.keys()) await this.#lift(number);
    const begun = await this.#begun();
    for (const [by, step] of [...this.#placed]) {
      if (reached.includes(step)) this.#placed.delete(by);
      else if (begun.has(step.about)) await this.#drop(by);
    }
    return reached;
  }

  /** Lets everybody pass from now on. @returns what was done to each of these since the holds were placed */
  async end(watched: readonly string[]): Promise<Map<string, Done>> {
    await this.service.localCloud('DELETE', '/faults');
    for (const by of this.#placed.keys()) if (typeof by === 'number') await this.#lift(by);
    await until('nobody waits', PASSES_WITHIN_MS, async () => (await this.#waiting()).size === 0);
    this.#calls.push(...(await this.#requests()));
    this.#placed.clear();
    const done = new Map<string, Done>();
    for (const about of watched) done.set(about, await this.#doneTo(about));
    return done;
  }

  async close(): Promise<void> {
    await Promise.all([this.holder.end(), this.observer.end(), this.trace.end()]);
  }

  async #doneTo(about: string): Promise<Done> {
    const calls = this.#calls.filter((call) => call.about?.some((text) => text.includes(about)) === true);
    const { rows } = await this.observer.query<{ writes: string }>(
      `SELECT string_agg(DISTINCT what, ' and ' ORDER BY what) AS writes FROM trace.writes
        WHERE number > $2 AND trace.is_about(written, $1) GROUP BY transaction ORDER BY min(number)`,
      [about, this.#since],
    );
    return { calls: calls.map(({ operation }) => operation), transactions: rows.map(({ writes }) => writes) };
  }

  /** What has one hold, and something was done to it. */
  async #begun(): Promise<ReadonlySet<string>> {
    const { rows } = await this.observer.query<{ about: string }>(
      `SELECT about FROM unnest($1::text[]) about WHERE EXISTS (
        SELECT FROM trace.writes WHERE number > $2 AND trace.is_about(written, about))`,
      [[...this.#single], this.#since],
    );
    const called = this.#calls.flatMap(({ about = [] }) => about).join('\n');
    const written = new Set(rows.map(({ about }) => about));
    return new Set([...this.#single].filter((about) => written.has(about) || called.includes(about)));
  }

  async #drop(by: number | string): Promise<void> {
    this.#placed.delete(by);
    if (typeof by === 'number') await this.#lift(by);
    // It may just have struck somebody who lives still.
    else
      await this.service.localCloud('DELETE', `/faults/${by}`).catch((error: unknown) => {
        if (!String(error).includes('no such fault')) throw error;
      });
  }

  async #lift(number: number): Promise<void> {
    await this.observer.query('DELETE FROM trace.holds WHERE number = $1', [number]);
    await this.holder.query('SELECT pg_advisory_unlock($1, $2)', [LOCK, number]);
  }

  /** Numbers of holds, with the server process that waits. */
  async #waiting(): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.observer.query<{ number: number; pid: number }>(
      `SELECT objid::integer AS number, pid FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND NOT granted`,
      [LOCK],
    );
    return new Map(rows.map(({ number, pid }) => [number, pid]));
  }

  async #requests(): Promise<readonly LoggedRequest[]> {
    return (await this.service.localCloud<{ latest: LoggedRequest[] }>('GET', '/requests')).latest;
  }
}
