import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const BATCH = 1_000;
const NAME_VALUE = 0x42_00_55;

/**
 * As `keyName` and `sortName` in the code: the first KMIP Name, else the identifier, 100 characters of it. What a text
 * cannot hold (NUL, half a surrogate pair) is escaped in the JSON of a value, and becomes U+FFFD before it is read.
 */
const SORT_NAME = `CREATE OR REPLACE FUNCTION managed_object_sort_name(p_instance uuid, p_object uuid)
  RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $body$
    WITH name AS (
      SELECT regexp_replace(a.value, '\\\\u(0000|d[89a-f][0-9a-f]{2})', '\\\\ufffd', 'g')::jsonb AS value
        FROM managed_object_attributes a
        WHERE a.instance_id = p_instance AND a.object_id = p_object AND a.name = 'Name' ORDER BY a.index LIMIT 1)
    SELECT left(coalesce((
      SELECT CASE name.value ->> 0
        WHEN 'TextString' THEN name.value ->> 1
        WHEN 'Structure' THEN (
          SELECT item ->> 2 FROM jsonb_array_elements(name.value -> 1) item
            WHERE item ->> 0 = '${NAME_VALUE}' AND item ->> 1 = 'TextString' LIMIT 1) END
        FROM name), p_object::text), 100)
  $body$`;

const TRIGGERS = [
  `CREATE OR REPLACE FUNCTION fill_sort_name() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN NEW.sort_name := NEW.id::text; RETURN NEW; END $body$`,
  `CREATE OR REPLACE TRIGGER fill_sort_name BEFORE INSERT ON managed_objects
    FOR EACH ROW WHEN (NEW.sort_name = '') EXECUTE FUNCTION fill_sort_name()`,
  `CREATE OR REPLACE FUNCTION keep_sort_name() RETURNS trigger LANGUAGE plpgsql AS $body$
    DECLARE wanted text := public.managed_object_sort_name(NEW.instance_id, NEW.object_id);
    BEGIN
      UPDATE public.managed_objects o SET sort_name = wanted
        WHERE o.instance_id = NEW.instance_id AND o.id = NEW.object_id AND o.sort_name IS DISTINCT FROM wanted;
      RETURN NULL;
    END $body$`,
  `CREATE OR REPLACE TRIGGER keep_sort_name AFTER INSERT OR UPDATE ON managed_object_attributes
    FOR EACH ROW WHEN (NEW.name = 'Name') EXECUTE FUNCTION keep_sort_name()`,
];

/**
 * One batch of an instance's keys, in the order of their identifiers. A row that a trigger filled since the statement
 * began is left: what the function reads is older than that row.
 */
const FILL = `WITH page AS (
    SELECT o.id, o.sort_name AS seen FROM managed_objects o WHERE o.instance_id = $1 AND o.id > $2::uuid ORDER BY o.id LIMIT ${BATCH}),
  filled AS (
    UPDATE managed_objects o SET sort_name = managed_object_sort_name(o.instance_id, o.id) FROM page
      WHERE o.instance_id = $1 AND o.id = page.id AND o.sort_name = page.seen
        AND o.sort_name IS DISTINCT FROM managed_object_sort_name(o.instance_id, o.id))
  SELECT max(id::text) AS last FROM page`;

/**
 * Rows: gives every key that was there before names were put in order its place; nothing else of a row changes. In
 * batches with a commit each, so that no Get waits for more than one; cut in the middle, it can be run again.
 *
 * A release that knows nothing of `sort_name`, running beside, goes on writing keys and Names: two triggers do for it
 * what this release does by itself. They may go with the first release before which no such release can run.
 */
export class NamesFilled1765500000000 implements MigrationInterface {
  readonly name = 'NamesFilled1765500000000';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [SORT_NAME, ...TRIGGERS]) await queryRunner.query(statement);
    // The owner of the tables is bound by row-level security too.
    await queryRunner.query(`SET ROLE ${APPLICATION_ROLE}`);
    try {
      const instances = (await queryRunner.query('SELECT id FROM directory_instances(NULL, NULL, 1000000000)')) as {
        id: string;
      }[];
      for (const { id } of instances) await fill(queryRunner, id);
    } finally {
      await queryRunner.query('RESET ROLE');
      await queryRunner.query('RESET app.instance_id');
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER keep_sort_name ON managed_object_attributes');
    await queryRunner.query('DROP TRIGGER fill_sort_name ON managed_objects');
    for (const name of ['keep_sort_name()', 'fill_sort_name()', 'managed_object_sort_name(uuid, uuid)']) {
      await queryRunner.query(`DROP FUNCTION ${name}`);
    }
  }
}

async function fill(queryRunner: QueryRunner, instanceId: string): Promise<void> {
  await queryRunner.query(`SELECT set_config('app.instance_id', $1, false)`, [instanceId]);
  let after: string | null = '00000000-0000-0000-0000-000000000000';
  while (after !== null) {
    const rows = (await queryRunner.query(FILL, [instanceId, after])) as { last: string | null }[];
    after = rows[0]?.last ?? null;
  }
}
