import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_ROLE } from './roles';

const DEFINER = 'SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp';

/** A connection that stays open is told of after newer ones: the latest handshake says what a client accepts. */
const KEEP_THE_LATEST = `, server_certificate_at = GREATEST(a.server_certificate_at, EXCLUDED.server_certificate_at),
          server_certificate = CASE WHEN EXCLUDED.server_certificate_at
              >= COALESCE(a.server_certificate_at, EXCLUDED.server_certificate_at) THEN EXCLUDED.server_certificate
            ELSE a.server_certificate END`;

interface Additions {
  readonly values: string;
  readonly fields: string;
  readonly update: string;
}

const report = ({ values, fields, update }: Additions): string =>
  `CREATE OR REPLACE FUNCTION report_connection_attempts(p_attempts jsonb) RETURNS void LANGUAGE sql
    ${DEFINER} AS $body$
    INSERT INTO connection_attempts AS a
      SELECT gen_random_uuid(), decode(r.likeness, 'hex'), r.verdict, r.address::inet, r.endpoint, r.fingerprint,
        r.sha1_fingerprint, r.subject, r.issuer, r.serial_number, r.not_before, r.not_after, r.pem, r.allowed_by,
        r.occurrences, r.at, r.at${values}
      FROM jsonb_to_recordset(p_attempts) AS r(likeness text, verdict text, address text, endpoint text,
        fingerprint text, sha1_fingerprint text, subject text, issuer text, serial_number text,
        not_before timestamptz, not_after timestamptz, pem text, allowed_by uuid, occurrences bigint,
        at timestamptz${fields})
      ORDER BY r.likeness
    ON CONFLICT (likeness) DO UPDATE
      SET occurrences = a.occurrences + EXCLUDED.occurrences, last_at = GREATEST(a.last_at, EXCLUDED.last_at)${update}
  $body$`;

const WITHOUT = report({ values: '', fields: '', update: '' });
const WITH = report({
  values: ', r.server_certificate, r.server_certificate_at',
  fields: ', server_certificate text, server_certificate_at timestamptz',
  update: KEEP_THE_LATEST,
});

const TRUST = 'directory_server_trust(text)';

/**
 * Which certificate of ours a client accepted last, and when: vCenter pins the leaf, so a renewal goes endpoint by
 * endpoint, and nobody else knows who followed. Rows: what was seen before says nothing of it.
 */
export class AcceptedServerCertificates1767900000000 implements MigrationInterface {
  readonly name = 'AcceptedServerCertificates1767900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `ALTER TABLE connection_attempts ADD COLUMN server_certificate text,
        ADD COLUMN server_certificate_at timestamptz(3)`,
      // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
      `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
      WITH,
      `CREATE FUNCTION directory_server_trust(p_endpoint text)
        RETURNS TABLE (instance_id uuid, instance_name text, certificate_name text, fingerprint text,
          server_certificate text, server_certificate_at timestamptz, last_at timestamptz)
        LANGUAGE sql STABLE ${DEFINER} AS $body$
        SELECT DISTINCT ON (i.id, c.name) i.id, i.name, c.name, c.fingerprint_sha256, a.server_certificate,
            a.server_certificate_at, max(a.last_at) OVER (PARTITION BY i.id, c.id)
          FROM connection_attempts a JOIN instances i ON i.id = a.allowed_by
            JOIN client_certificates c ON c.instance_id = i.id AND c.fingerprint_sha256 = a.fingerprint_sha256
          WHERE a.verdict = 'accepted' AND a.endpoint = p_endpoint
          ORDER BY i.id, c.name, a.server_certificate_at DESC NULLS LAST $body$`,
      `REVOKE ALL ON FUNCTION ${TRUST} FROM PUBLIC`,
      `ALTER FUNCTION ${TRUST} OWNER TO ${DIRECTORY_ROLE}`,
      `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${TRUST}`);
    await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
    await queryRunner.query(WITHOUT);
    await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
    await queryRunner.query(
      'ALTER TABLE connection_attempts DROP COLUMN server_certificate_at, DROP COLUMN server_certificate',
    );
  }
}
