import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const DEFINER = 'LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp';
/** No instance has it; a comparison with it is one that an index answers. */
const BEFORE_ALL = `'00000000-0000-0000-0000-000000000000'`;

/** Stops after a page, whatever is in the table. */
const listed = (table: string): string => `(SELECT DISTINCT instance_id FROM ${table}
  WHERE instance_id > COALESCE(p_after, ${BEFORE_ALL}) ORDER BY instance_id LIMIT p_limit)`;

/** By signature. Of many instances in one statement, where those before answer for one or for all. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  // Those of which the list of allowed certificates has anything, ended instances included.
  'directory_listed_instances(p_after uuid, p_limit integer)': `RETURNS TABLE (id uuid) ${DEFINER} AS $body$
    SELECT u.instance_id FROM (${listed('certificate_standings')} UNION ${listed('kmip_credentials')}) u
      ORDER BY u.instance_id LIMIT p_limit $body$`,

  // Those with a root key.
  'directory_bound_instances(p_after uuid, p_limit integer)': `RETURNS TABLE (id uuid) ${DEFINER} AS $body$
    SELECT DISTINCT instance_id FROM root_key_bindings
      WHERE status = 'active' AND instance_id > COALESCE(p_after, ${BEFORE_ALL})
      ORDER BY instance_id LIMIT p_limit $body$`,

  // As directory_registrations has them.
  'directory_registrations_of(p_instances uuid[])': `RETURNS TABLE (fingerprint text, instance_id uuid, account_id text,
      certificate_id uuid, certificate_name text, not_before timestamptz, not_after timestamptz, instance_enabled boolean,
      instance_state text, maximum_keys integer, credential_policy text, registered_at timestamptz, issued boolean,
      proof text, proven_at timestamptz, established_at timestamptz, recognized_at timestamptz) ${DEFINER} AS $body$
    SELECT s.fingerprint_sha256, s.instance_id, s.account_id, c.id, c.name, c.not_before, s.not_after, i.enabled, i.state,
        i.maximum_keys, i.credential_policy, s.registered_at, s.issued, s.proof, s.proven_at, s.established_at,
        s.recognized_at
      FROM certificate_standings s
      LEFT JOIN client_certificates c ON c.instance_id = s.instance_id AND c.fingerprint_sha256 = s.fingerprint_sha256
      LEFT JOIN instances i ON i.id = s.instance_id
      WHERE s.instance_id = ANY (p_instances) AND (c.id IS NOT NULL OR s.not_after > now()) $body$`,

  'directory_kmip_credentials_of(p_instances uuid[])': `RETURNS TABLE (instance_id uuid, id uuid, password_hmac bytea,
      service_key_version integer) ${DEFINER} AS $body$
    SELECT k.instance_id, k.id, k.password_hmac, k.service_key_version FROM kmip_credentials k
      WHERE k.instance_id = ANY (p_instances) $body$`,
};

/**
 * Gateways read their list of allowed certificates in steps, and what has changed of it by one statement; and their
 * duties find the instances with a root key. No rows change.
 */
export class ListingsOfInstances1767300000000 implements MigrationInterface {
  readonly name = 'ListingsOfInstances1767300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
    await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
    for (const [signature, definition] of Object.entries(FUNCTIONS)) {
      const name = bare(signature);
      await queryRunner.query(`CREATE FUNCTION ${signature} ${definition}`);
      await queryRunner.query(`REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`);
      await queryRunner.query(`GRANT EXECUTE ON FUNCTION ${name} TO ${APPLICATION_ROLE}`);
      await queryRunner.query(`ALTER FUNCTION ${name} OWNER TO ${DIRECTORY_ROLE}`);
    }
    await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const signature of Object.keys(FUNCTIONS)) await queryRunner.query(`DROP FUNCTION ${bare(signature)}`);
  }
}

/** Without the names of the parameters. */
const bare = (signature: string): string => signature.replaceAll(/p_\w+ /g, '');
