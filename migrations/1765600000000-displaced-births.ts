import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

/**
 * No key is born where a certificate is displaced: another instance has been proven for it later than this one. Judged
 * at the commit too, in case no notice of the proof has arrived. Changes no rows.
 */
export class DisplacedBirths1765600000000 implements MigrationInterface {
  readonly name = 'DisplacedBirths1765600000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const signature = 'certificate_displaced(uuid, uuid)';
    for (const statement of [
      `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
      `CREATE FUNCTION certificate_displaced(p_instance uuid, p_certificate uuid) RETURNS boolean LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
        SELECT EXISTS (SELECT FROM client_certificates c
          JOIN certificate_standings mine
            ON mine.instance_id = c.instance_id AND mine.fingerprint_sha256 = c.fingerprint_sha256
          JOIN certificate_standings other
            ON other.fingerprint_sha256 = c.fingerprint_sha256 AND other.instance_id <> c.instance_id
          WHERE c.instance_id = p_instance AND c.id = p_certificate AND other.removed_at IS NULL
            AND other.proven_at > COALESCE(mine.proven_at, '-infinity')) $body$`,
      `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
      `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
      `ALTER FUNCTION ${signature} OWNER TO ${DIRECTORY_ROLE}`,
      `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION certificate_displaced(uuid, uuid)');
  }
}
