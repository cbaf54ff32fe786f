import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_ROLE } from './roles';

const UNSETTLED = 'directory_unsettled_instances(timestamptz, uuid, integer)';

/** Intents, moves and later looks are few, and read as a whole. */
const INDEXES = [
  `CREATE INDEX ix_managed_objects_unfinished ON managed_objects (instance_id)
    WHERE destroy_requested_at IS NOT NULL AND state NOT IN ('Destroyed', 'DestroyedCompromised')`,
  `CREATE INDEX ix_root_key_bindings_retiring ON root_key_bindings (instance_id) WHERE status = 'retiring'`,
  'CREATE INDEX ix_key_notes_unwritten ON key_notes (instance_id) WHERE written_under IS NULL',
];

const TABLES: Readonly<Record<string, string>> = {
  creation_intents: 'instance_id, started_at, clear_since',
  custody_moves: 'instance_id, started_at, clear_since',
  later_looks: 'instance_id, due_at',
  root_key_bindings: 'instance_id, status',
  key_notes: 'instance_id, written_under',
};

const UP = [
  ...INDEXES,
  ...Object.entries(TABLES).flatMap(([table, columns]) => [
    `GRANT SELECT (${columns}) ON ${table} TO ${DIRECTORY_ROLE}`,
    `CREATE POLICY directory ON ${table} FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  ]),
  `GRANT SELECT (instance_id, state, destroy_requested_at) ON managed_objects TO ${DIRECTORY_ROLE}`,

  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  // Instances with work that no client asks for: creations and moves that were interrupted (begun before p_stale),
  // destructions, later looks, keys under a former root key, notes that are in no key manager.
  `CREATE FUNCTION directory_unsettled_instances(p_stale timestamptz, p_after uuid, p_limit integer)
    RETURNS TABLE (id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT u.instance_id FROM (
        SELECT instance_id FROM creation_intents
          WHERE started_at < p_stale AND (clear_since IS NULL OR clear_since < p_stale)
        UNION SELECT instance_id FROM custody_moves
          WHERE started_at < p_stale AND (clear_since IS NULL OR clear_since < p_stale)
        UNION SELECT instance_id FROM managed_objects
          WHERE destroy_requested_at IS NOT NULL AND state NOT IN ('Destroyed', 'DestroyedCompromised')
        UNION SELECT instance_id FROM later_looks WHERE due_at <= now()
        UNION SELECT instance_id FROM root_key_bindings WHERE status = 'retiring'
        UNION SELECT instance_id FROM key_notes WHERE written_under IS NULL) u
      WHERE p_after IS NULL OR u.instance_id > p_after
      ORDER BY u.instance_id LIMIT p_limit $body$`,
  `REVOKE ALL ON FUNCTION ${UNSETTLED} FROM PUBLIC`,
  `ALTER FUNCTION ${UNSETTLED} OWNER TO ${DIRECTORY_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

/** Gateways find the few instances that need something. Changes no rows; the release before visits all of them. */
export class UnsettledInstances1767000000000 implements MigrationInterface {
  readonly name = 'UnsettledInstances1767000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${UNSETTLED}`);
    await queryRunner.query(`REVOKE SELECT (state, destroy_requested_at) ON managed_objects FROM ${DIRECTORY_ROLE}`);
    for (const table of Object.keys(TABLES)) {
      await queryRunner.query(`DROP POLICY directory ON ${table}`);
      await queryRunner.query(`REVOKE SELECT (${TABLES[table] ?? ''}) ON ${table} FROM ${DIRECTORY_ROLE}`);
    }
    for (const index of INDEXES) await queryRunner.query(`DROP INDEX ${/INDEX (\w+)/.exec(index)?.[1] ?? ''}`);
  }
}
