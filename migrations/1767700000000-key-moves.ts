import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_ROLE } from './roles';

const UNSETTLED = 'directory_unsettled_instances(timestamptz, uuid, integer)';
const MOVING = `status = 'retiring' OR moves ->> 'state' IN ('moving', 'waiting')`;

/**
 * How far keys are that leave a root key or its older versions, and what the administrator wants of them. Rows: nothing
 * is known of those that are there; the gateway that moves keys next writes it.
 */
export class KeyMoves1767700000000 implements MigrationInterface {
  readonly name = 'KeyMoves1767700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE root_key_bindings ADD COLUMN moves jsonb,
      ADD COLUMN moves_paused_at timestamptz(3), ADD COLUMN move_attempt integer NOT NULL DEFAULT 0`);
    await queryRunner.query(`GRANT SELECT (moves) ON root_key_bindings TO ${DIRECTORY_ROLE}`);
    await queryRunner.query(
      `CREATE INDEX ix_root_key_bindings_moving ON root_key_bindings (instance_id) WHERE ${MOVING}`,
    );
    await queryRunner.query('DROP INDEX ix_root_key_bindings_retiring');
    await replaceUnsettled(queryRunner, `status = 'retiring'`, MOVING);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceUnsettled(queryRunner, MOVING, `status = 'retiring'`);
    await queryRunner.query(`CREATE INDEX ix_root_key_bindings_retiring ON root_key_bindings (instance_id)
      WHERE status = 'retiring'`);
    await queryRunner.query('DROP INDEX ix_root_key_bindings_moving');
    await queryRunner.query(`ALTER TABLE root_key_bindings DROP COLUMN moves, DROP COLUMN moves_paused_at,
      DROP COLUMN move_attempt`);
  }
}

/** The same question as before, but for which bindings are under way. */
async function replaceUnsettled(queryRunner: QueryRunner, before: string, after: string): Promise<void> {
  const found = (await queryRunner.query(`SELECT pg_get_functiondef('${UNSETTLED}'::regprocedure) AS source`)) as {
    source: string;
  }[];
  const source = found[0]?.source ?? '';
  if (!source.includes(`root_key_bindings WHERE ${before}`)) throw new Error(`${UNSETTLED} is not as it was made`);
  await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
  await queryRunner.query(source.replace(`root_key_bindings WHERE ${before}`, `root_key_bindings WHERE ${after}`));
  await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
}
