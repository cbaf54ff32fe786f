import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const UNSIGNED = 'directory_unsigned_chains(uuid, integer)';

const UP = [
  // What directory functions may see of it, in the order in which records are appended: the head of a chain first.
  `CREATE POLICY directory ON audit_chain_heads FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `GRANT SELECT ON audit_chain_heads TO ${DIRECTORY_ROLE}`,

  // No reference to instances: as the trail, they outlive them. jws is what was signed; the rest is to find it by.
  `CREATE TABLE audit_signed_heads (
    instance_id uuid NOT NULL,
    seq bigint NOT NULL,
    signed_at timestamptz(3) NOT NULL,
    hash bytea NOT NULL,
    jws text NOT NULL,
    CONSTRAINT pk_audit_signed_heads PRIMARY KEY (instance_id, seq, signed_at)
  )`,
  'CREATE INDEX ix_audit_signed_heads_signed ON audit_signed_heads (instance_id, signed_at)',
  'ALTER TABLE audit_signed_heads ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE audit_signed_heads FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON audit_signed_heads TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `CREATE POLICY directory ON audit_signed_heads FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `GRANT SELECT ON audit_signed_heads TO ${DIRECTORY_ROLE}`,

  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  `CREATE FUNCTION directory_unsigned_chains(p_after uuid, p_limit integer) RETURNS TABLE (instance_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT h.instance_id FROM audit_chain_heads h
      WHERE (p_after IS NULL OR h.instance_id > p_after) AND NOT EXISTS (
        SELECT FROM audit_signed_heads s WHERE s.instance_id = h.instance_id AND s.seq = h.seq AND s.hash = h.hash)
      ORDER BY h.instance_id LIMIT p_limit $body$`,
  `REVOKE ALL ON FUNCTION ${UNSIGNED} FROM PUBLIC`,
  `ALTER FUNCTION ${UNSIGNED} OWNER TO ${DIRECTORY_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

const DOWN = [
  `DROP FUNCTION ${UNSIGNED}`,
  'DROP TABLE audit_signed_heads',
  `REVOKE SELECT ON audit_chain_heads FROM ${DIRECTORY_ROLE}`,
  'DROP POLICY directory ON audit_chain_heads',
];

/**
 * Heads of audit trails, signed by a key outside of the database. Changes no rows; the release before signs nothing and
 * goes on. Whoever may add heads here cannot make one: what counts is the signature.
 */
export class SignedHeads1766400000000 implements MigrationInterface {
  readonly name = 'SignedHeads1766400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await queryRunner.query(statement);
  }
}
