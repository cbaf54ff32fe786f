import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const DEFINER = 'SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp';

const visible = (claimed: string): string => `a.allowed_by = ${CURRENT_INSTANCE}
  OR (a.allowed_by IS NULL AND EXISTS (
    SELECT FROM certificate_claims c WHERE c.instance_id = ${CURRENT_INSTANCE} AND ${claimed}))`;

const attempts = (claimed: string): string =>
  `CREATE OR REPLACE FUNCTION tenant_connection_attempts() RETURNS SETOF connection_attempts LANGUAGE sql STABLE
    ${DEFINER} AS $body$ SELECT a.* FROM connection_attempts a WHERE ${visible(claimed)} $body$`;

const BY_FINGERPRINT = `c.kind = 'fingerprint' AND c.value IN (a.fingerprint_sha256, a.fingerprint_sha1)`;

const BY_ANY_CLAIM = `CASE c.kind WHEN 'fingerprint' THEN c.value = a.fingerprint_sha256
  WHEN 'subject' THEN c.value = a.subject
  ELSE a.address <<= c.value::inet END`;

const COUNT = 'claimed_refusals(uuid)';

/**
 * A refused stranger is shown only to who has its fingerprint already. A subject or an address is anybody's guess: what
 * such a claim fits is counted by verdict, and nothing else of it is told.
 */
export class StrangersByFingerprint1765110000000 implements MigrationInterface {
  readonly name = 'StrangersByFingerprint1765110000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(attempts(BY_FINGERPRINT));
    // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
    await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
    await queryRunner.query(
      `CREATE FUNCTION ${COUNT.replace('uuid', 'p_claim uuid')}
        RETURNS TABLE (claim_id uuid, verdict text, occurrences bigint, last_at timestamptz) LANGUAGE sql STABLE
        ${DEFINER} AS $body$
        WITH mine AS MATERIALIZED (
            SELECT c.id, c.kind, c.value, CASE c.kind WHEN 'address_range' THEN c.value::inet END AS range
              FROM certificate_claims c
              WHERE c.instance_id = ${CURRENT_INSTANCE} AND (p_claim IS NULL OR c.id = p_claim)),
          fitting AS (
            SELECT m.id, a.verdict, a.occurrences, a.last_at FROM mine m JOIN connection_attempts a
              ON a.fingerprint_sha256 = m.value WHERE m.kind = 'fingerprint' AND a.allowed_by IS NULL
            UNION ALL SELECT m.id, a.verdict, a.occurrences, a.last_at FROM mine m JOIN connection_attempts a
              ON a.fingerprint_sha1 = m.value WHERE m.kind = 'fingerprint' AND a.allowed_by IS NULL
            UNION ALL SELECT m.id, a.verdict, a.occurrences, a.last_at FROM mine m JOIN connection_attempts a
              ON a.subject = m.value WHERE m.kind = 'subject' AND a.allowed_by IS NULL
            UNION ALL SELECT m.id, a.verdict, a.occurrences, a.last_at FROM mine m JOIN connection_attempts a
              ON a.address <<= m.range WHERE a.allowed_by IS NULL)
        SELECT f.id, f.verdict, sum(f.occurrences)::bigint, max(f.last_at) FROM fitting f GROUP BY f.id, f.verdict
        $body$`,
    );
    await queryRunner.query(`REVOKE ALL ON FUNCTION ${COUNT} FROM PUBLIC`);
    await queryRunner.query(`GRANT EXECUTE ON FUNCTION ${COUNT} TO ${APPLICATION_ROLE}`);
    await queryRunner.query(`ALTER FUNCTION ${COUNT} OWNER TO ${DIRECTORY_ROLE}`);
    await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${COUNT}`);
    await queryRunner.query(attempts(BY_ANY_CLAIM));
  }
}
