import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const DUE = 'directory_due_webhooks(timestamptz, integer)';
const OUTDATED = 'directory_outdated_credentials(integer, integer)';
const API_KEYS = 'SELECT c.instance_id FROM credentials c WHERE c.service_key_version <> p_version LIMIT p_limit';
const ALL_SECRETS = `SELECT c.instance_id FROM credentials c WHERE c.service_key_version <> p_version
      UNION SELECT w.instance_id FROM webhooks w WHERE w.service_key_version <> p_version LIMIT p_limit`;

/**
 * Where an instance's events go, and up to which record of its audit trail they went. Rows: no instance that is there has
 * a webhook.
 */
export class Webhooks1767860000000 implements MigrationInterface {
  readonly name = 'Webhooks1767860000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `CREATE TABLE webhooks (
        instance_id uuid NOT NULL,
        id uuid NOT NULL,
        revision integer NOT NULL,
        url text NOT NULL,
        vm_names boolean NOT NULL,
        service_key_version integer NOT NULL,
        sealed_secret bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        cursor bigint NOT NULL,
        moved_at timestamptz(3) NOT NULL,
        due_at timestamptz(3) NOT NULL,
        failures integer NOT NULL DEFAULT 0,
        last_delivered_at timestamptz(3),
        last_failed_at timestamptz(3),
        last_failure jsonb,
        skipped integer NOT NULL DEFAULT 0,
        last_skipped_at timestamptz(3),
        CONSTRAINT pk_webhooks PRIMARY KEY (instance_id),
        CONSTRAINT fk_webhooks_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
      )`,
      'ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE webhooks FORCE ROW LEVEL SECURITY',
      `CREATE POLICY tenant ON webhooks TO ${APPLICATION_ROLE}
        USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
      `CREATE POLICY directory ON webhooks FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
      `GRANT SELECT (instance_id, service_key_version, cursor, due_at, failures) ON webhooks TO ${DIRECTORY_ROLE}`,
      `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
      // Those whose chain is not where they are; who takes what is sent comes before who does not.
      `CREATE FUNCTION directory_due_webhooks(p_now timestamptz, p_limit integer) RETURNS TABLE (instance_id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
        SELECT w.instance_id FROM webhooks w
          JOIN instances i ON i.id = w.instance_id JOIN audit_chain_heads h ON h.instance_id = w.instance_id
          WHERE w.due_at <= p_now AND h.seq <> w.cursor AND i.enabled AND i.state <> 'removing'
          ORDER BY w.failures > 0, w.due_at, w.instance_id LIMIT p_limit $body$`,
      `REVOKE ALL ON FUNCTION ${DUE} FROM PUBLIC`,
      `ALTER FUNCTION ${DUE} OWNER TO ${DIRECTORY_ROLE}`,
      `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
    await replaceOutdated(queryRunner, API_KEYS, ALL_SECRETS);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceOutdated(queryRunner, ALL_SECRETS, API_KEYS);
    await queryRunner.query(`DROP FUNCTION ${DUE}`);
    await queryRunner.query('DROP TABLE webhooks');
  }
}

/** The same question as before, of whatever is sealed for tenants. */
export async function replaceOutdated(queryRunner: QueryRunner, before: string, after: string): Promise<void> {
  const found = (await queryRunner.query(`SELECT pg_get_functiondef('${OUTDATED}'::regprocedure) AS source`)) as {
    source: string;
  }[];
  const source = found[0]?.source ?? '';
  if (!source.includes(before)) throw new Error(`${OUTDATED} is not as it was made`);
  await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
  await queryRunner.query(source.replace(before, after));
  await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
}
