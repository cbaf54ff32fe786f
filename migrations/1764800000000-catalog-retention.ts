import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const SIGNATURE = 'directory_expired_instances(timestamptz, timestamptz, uuid, integer)';

/** Finds what the catalog's side may forget: ended instances, finished operations, accepted usage. */
export class CatalogRetention1764800000000 implements MigrationInterface {
  readonly name = 'CatalogRetention1764800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `GRANT SELECT (updated_at) ON catalog_instances TO ${DIRECTORY_ROLE}`,
      `GRANT SELECT (finished_at) ON catalog_operations TO ${DIRECTORY_ROLE}`,
      // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
      `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
      `CREATE FUNCTION directory_expired_instances(
          p_before timestamptz, p_usage_before timestamptz, p_after uuid, p_limit integer)
        RETURNS TABLE (instance_id uuid) LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $body$
          SELECT DISTINCT x.instance_id FROM (
            SELECT c.instance_id FROM catalog_instances c
              WHERE c.status IN ('deleted', 'failed') AND c.updated_at <= p_before
            UNION ALL
            SELECT o.instance_id FROM catalog_operations o
              WHERE o.finished_at <= p_before AND EXISTS (
                SELECT FROM catalog_operations n WHERE n.instance_id = o.instance_id AND n.number > o.number)
            UNION ALL
            SELECT u.instance_id FROM metering_records u
              WHERE u.state = 'accepted' AND u.started_at < p_usage_before
          ) x WHERE p_after IS NULL OR x.instance_id > p_after ORDER BY x.instance_id LIMIT p_limit
        $body$`,
      `REVOKE ALL ON FUNCTION ${SIGNATURE} FROM PUBLIC`,
      `GRANT EXECUTE ON FUNCTION ${SIGNATURE} TO ${APPLICATION_ROLE}`,
      `ALTER FUNCTION ${SIGNATURE} OWNER TO ${DIRECTORY_ROLE}`,
      `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${SIGNATURE}`);
    await queryRunner.query(`REVOKE SELECT (finished_at) ON catalog_operations FROM ${DIRECTORY_ROLE}`);
    await queryRunner.query(`REVOKE SELECT (updated_at) ON catalog_instances FROM ${DIRECTORY_ROLE}`);
  }
}
