import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_ROLE } from './roles';

const WHOLE = 'directory_whole_instances(text, uuid, integer)';

const UP = [
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  `CREATE FUNCTION directory_whole_instances(p_account text, p_after uuid, p_limit integer) RETURNS SETOF instances
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT i.* FROM instances i
      WHERE (p_account IS NULL OR i.account_id = p_account) AND (p_after IS NULL OR i.id > p_after)
      ORDER BY i.id LIMIT p_limit $body$`,
  `REVOKE ALL ON FUNCTION ${WHOLE} FROM PUBLIC`,
  `ALTER FUNCTION ${WHOLE} OWNER TO ${DIRECTORY_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

/** A list of instances is one statement. Changes no rows; the release before asks for each by itself. */
export class WholeInstances1766500000000 implements MigrationInterface {
  readonly name = 'WholeInstances1766500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${WHOLE}`);
  }
}
