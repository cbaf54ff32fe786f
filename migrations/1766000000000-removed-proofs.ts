import { type MigrationInterface, type QueryRunner } from 'typeorm';

const displaced = (counts: string): string => `CREATE OR REPLACE FUNCTION
  certificate_displaced(p_instance uuid, p_certificate uuid) RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
  SELECT EXISTS (SELECT FROM client_certificates c
    JOIN certificate_standings mine
      ON mine.instance_id = c.instance_id AND mine.fingerprint_sha256 = c.fingerprint_sha256
    JOIN certificate_standings other
      ON other.fingerprint_sha256 = c.fingerprint_sha256 AND other.instance_id <> c.instance_id
    WHERE c.instance_id = p_instance AND c.id = p_certificate AND ${counts}
      AND other.proven_at > COALESCE(mine.proven_at, '-infinity')) $body$`;

/**
 * Removing hands nothing over, at the commit either: a proof that another account has shown counts after its
 * registration was removed. That of the same account does not, so that an owner can move. Changes no rows.
 */
export class RemovedProofs1766000000000 implements MigrationInterface {
  readonly name = 'RemovedProofs1766000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(displaced('(other.removed_at IS NULL OR other.account_id <> mine.account_id)'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(displaced('other.removed_at IS NULL'));
  }
}
