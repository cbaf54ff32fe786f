import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { followRegistration, USED_FOR_DAYS } from './certificate-standings.sql';
import { API_ROLE, APPLICATION_ROLE, DIRECTORY_ROLE, GATEWAY_ROLE } from './roles';
import { recordServed, ROWS_OF_FETCHES, ROWS_OF_OBJECTS } from './served.sql';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const PROCESSES = `${APPLICATION_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}`;
const BATCH = 5_000;

/** A row for each key, from its birth on: the order of keys by their last fetch is that of one index. */
const TABLE = [
  `CREATE TABLE IF NOT EXISTS key_fetches (
    instance_id uuid NOT NULL,
    object_id uuid NOT NULL,
    fetched_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_key_fetches PRIMARY KEY (instance_id, object_id),
    CONSTRAINT fk_key_fetches_object
      FOREIGN KEY (instance_id, object_id) REFERENCES managed_objects (instance_id, id) ON DELETE CASCADE
  )`,
  'CREATE INDEX IF NOT EXISTS ix_key_fetches_last ON key_fetches (instance_id, fetched_at, object_id)',
  'ALTER TABLE key_fetches ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE key_fetches FORCE ROW LEVEL SECURITY',
  'DROP POLICY IF EXISTS tenant ON key_fetches',
  `CREATE POLICY tenant ON key_fetches TO ${PROCESSES}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  'DROP POLICY IF EXISTS directory ON key_fetches',
  `CREATE POLICY directory ON key_fetches FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `GRANT SELECT ON key_fetches TO ${DIRECTORY_ROLE}`,
  // At once, not when all migrations are through: the release before makes keys meanwhile, and a trigger their rows.
  `GRANT SELECT, INSERT, UPDATE ON key_fetches TO ${PROCESSES}`,
];

const TRIGGERS = [
  // First: a row that begins while nobody follows would keep the date it began with.
  `CREATE OR REPLACE FUNCTION follow_key_fetches() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      INSERT INTO public.key_fetches AS f VALUES (NEW.instance_id, NEW.id, NEW.last_fetched_at)
        ON CONFLICT (instance_id, object_id)
          DO UPDATE SET fetched_at = greatest(f.fetched_at, EXCLUDED.fetched_at);
      RETURN NULL;
    END $body$`,
  `CREATE OR REPLACE TRIGGER follow_key_fetches AFTER UPDATE OF last_fetched_at ON managed_objects FOR EACH ROW
    WHEN (NEW.last_fetched_at IS NOT NULL AND NEW.last_fetched_at IS DISTINCT FROM OLD.last_fetched_at)
    EXECUTE FUNCTION follow_key_fetches()`,
  `CREATE OR REPLACE FUNCTION begin_key_fetches() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      INSERT INTO public.key_fetches (instance_id, object_id, fetched_at)
        SELECT b.instance_id, b.id, coalesce(b.last_fetched_at, '-infinity') FROM born b;
      RETURN NULL;
    END $body$`,
  `CREATE OR REPLACE TRIGGER begin_key_fetches AFTER INSERT ON managed_objects REFERENCING NEW TABLE AS born
    FOR EACH STATEMENT EXECUTE FUNCTION begin_key_fetches()`,
];

/** As {@link USED_FOR_DAYS}. */
const FETCHED_FOR_DAYS = `EXISTS (SELECT FROM managed_objects o
  JOIN key_fetches f ON f.instance_id = o.instance_id AND f.object_id = o.id
  WHERE o.instance_id = s.instance_id AND o.created_by = s.fingerprint_sha256
    AND f.fetched_at >= o.initial_date + interval '7 days')`;

/** One pass over the keys of all tenants: who may do so, the page after (instance_id, id), and what is done with it. */
interface Pass {
  readonly permit: readonly string[];
  readonly forbid: readonly string[];
  readonly page: string;
  readonly act: string;
}

const FILL: Pass = {
  permit: [
    `GRANT INSERT ON key_fetches TO ${DIRECTORY_ROLE}`,
    `CREATE POLICY filling ON key_fetches FOR INSERT TO ${DIRECTORY_ROLE} WITH CHECK (true)`,
  ],
  forbid: ['DROP POLICY IF EXISTS filling ON key_fetches', `REVOKE INSERT ON key_fetches FROM ${DIRECTORY_ROLE}`],
  page: 'SELECT o.instance_id, o.id, o.last_fetched_at FROM managed_objects o WHERE (o.instance_id, o.id)',
  // A row that is there is newer: a trigger made it.
  act: `INSERT INTO key_fetches (instance_id, object_id, fetched_at)
    SELECT instance_id, id, coalesce(last_fetched_at, '-infinity') FROM page ON CONFLICT DO NOTHING`,
};

const GIVE_BACK: Pass = {
  permit: [
    `GRANT UPDATE (last_fetched_at) ON managed_objects TO ${DIRECTORY_ROLE}`,
    `CREATE POLICY filling ON managed_objects FOR UPDATE TO ${DIRECTORY_ROLE} USING (true)`,
  ],
  forbid: [
    'DROP POLICY IF EXISTS filling ON managed_objects',
    `REVOKE UPDATE (last_fetched_at) ON managed_objects FROM ${DIRECTORY_ROLE}`,
  ],
  page: `SELECT f.instance_id, f.object_id AS id, f.fetched_at FROM key_fetches f WHERE (f.instance_id, f.object_id)`,
  act: `UPDATE managed_objects o SET last_fetched_at = page.fetched_at FROM page
    WHERE o.instance_id = page.instance_id AND o.id = page.id AND page.fetched_at > '-infinity'
      AND (o.last_fetched_at IS NULL OR o.last_fetched_at < page.fetched_at)`,
};

/**
 * When a key was last fetched is kept in a narrow table of its own: a Get leaves the wide row with its many indexes as
 * it is, and keys are listed by it from one index. Rows: each key gets one, with its date. In batches with a commit
 * each, so that no Get waits for more than one; cut in the middle, it can be run again.
 *
 * `managed_objects.last_fetched_at` is not written any more; the release before, running beside, reads in it when a key
 * was fetched up to now. What it writes there itself a trigger takes over. Column and trigger may go with the first
 * release before which no such release can run; the trigger for new keys remains.
 */
export class KeyFetches1767100000000 implements MigrationInterface {
  readonly name = 'KeyFetches1767100000000';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...TABLE, ...TRIGGERS]) await queryRunner.query(statement);
    await pass(queryRunner, FILL);
    await queryRunner.query(recordServed(ROWS_OF_FETCHES));
    await queryRunner.query(followRegistration(FETCHED_FOR_DAYS));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(followRegistration(USED_FOR_DAYS));
    await queryRunner.query(recordServed(ROWS_OF_OBJECTS));
    for (const name of ['follow_key_fetches', 'begin_key_fetches']) {
      await queryRunner.query(`DROP TRIGGER IF EXISTS ${name} ON managed_objects`);
      await queryRunner.query(`DROP FUNCTION IF EXISTS ${name}()`);
    }
    await pass(queryRunner, GIVE_BACK);
    await queryRunner.query('DROP TABLE key_fetches');
  }
}

/** As the role that may look across tenants: the owner of the tables is bound by row-level security too. */
async function pass(queryRunner: QueryRunner, { permit, forbid, page, act }: Pass): Promise<void> {
  for (const statement of [...forbid, ...permit]) await queryRunner.query(statement);
  await queryRunner.query(`SET ROLE ${DIRECTORY_ROLE}`);
  try {
    const nil = '00000000-0000-0000-0000-000000000000';
    for (let after: readonly [string, string] | undefined = [nil, nil]; after !== undefined;) {
      const rows = (await queryRunner.query(
        `WITH page AS MATERIALIZED (${page} > ($1::uuid, $2::uuid) ORDER BY 1, 2 LIMIT ${String(BATCH)}), acted AS (${act})
          SELECT instance_id, id FROM page ORDER BY 1 DESC, 2 DESC LIMIT 1`,
        [...after],
      )) as { instance_id: string; id: string }[];
      after = rows[0] && [rows[0].instance_id, rows[0].id];
    }
  } finally {
    await queryRunner.query('RESET ROLE');
  }
  for (const statement of forbid) await queryRunner.query(statement);
}
