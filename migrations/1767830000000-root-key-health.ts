import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_ROLE } from './roles';

const UNTESTED = 'directory_untested_instances(timestamptz, uuid, integer)';

/**
 * How the calls under a root key went, and when a test value goes through it next. Rows: nothing is known of those that
 * are there, so they are tested first of all.
 */
export class RootKeyHealth1767830000000 implements MigrationInterface {
  readonly name = 'RootKeyHealth1767830000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'ALTER TABLE root_key_bindings ADD COLUMN health jsonb, ADD COLUMN look_due_at timestamptz(3)',
      `GRANT SELECT (look_due_at) ON root_key_bindings TO ${DIRECTORY_ROLE}`,
      `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
      // Instances with a root key of which a test is due at p_now.
      `CREATE FUNCTION directory_untested_instances(p_now timestamptz, p_after uuid, p_limit integer)
        RETURNS TABLE (id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
        SELECT DISTINCT b.instance_id FROM root_key_bindings b JOIN instances i ON i.id = b.instance_id
          WHERE (b.look_due_at IS NULL OR b.look_due_at <= p_now) AND i.enabled AND i.state <> 'removing'
            AND (p_after IS NULL OR b.instance_id > p_after)
          ORDER BY b.instance_id LIMIT p_limit $body$`,
      `REVOKE ALL ON FUNCTION ${UNTESTED} FROM PUBLIC`,
      `ALTER FUNCTION ${UNTESTED} OWNER TO ${DIRECTORY_ROLE}`,
      `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${UNTESTED}`);
    await queryRunner.query('ALTER TABLE root_key_bindings DROP COLUMN health, DROP COLUMN look_due_at');
  }
}
