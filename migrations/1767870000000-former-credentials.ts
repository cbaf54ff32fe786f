import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { replaceOutdated } from './1767860000000-webhooks';
import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const WITHOUT = 'SELECT w.instance_id FROM webhooks w WHERE w.service_key_version <> p_version LIMIT p_limit';
const WITH = `SELECT w.instance_id FROM webhooks w WHERE w.service_key_version <> p_version
      UNION SELECT f.instance_id FROM former_credentials f WHERE f.service_key_version <> p_version LIMIT p_limit`;

/**
 * API keys with which former root keys are reached where the present one does not reach them: they go with the binding.
 * Rows: none, since until now an instance had one API key. The release before does not see the table, and asks former
 * root keys with the present API key.
 */
export class FormerCredentials1767870000000 implements MigrationInterface {
  readonly name = 'FormerCredentials1767870000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `CREATE TABLE former_credentials (
        instance_id uuid NOT NULL,
        binding_id uuid NOT NULL,
        id uuid NOT NULL,
        service_id_iam_id text,
        service_key_version integer NOT NULL,
        sealed_api_key bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        revision integer NOT NULL,
        CONSTRAINT pk_former_credentials PRIMARY KEY (instance_id, binding_id),
        CONSTRAINT fk_former_credentials_binding FOREIGN KEY (instance_id, binding_id)
          REFERENCES root_key_bindings (instance_id, id) ON DELETE CASCADE
      )`,
      'ALTER TABLE former_credentials ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE former_credentials FORCE ROW LEVEL SECURITY',
      `CREATE POLICY tenant ON former_credentials TO ${APPLICATION_ROLE}
        USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
      `CREATE POLICY directory ON former_credentials FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
      `GRANT SELECT (instance_id, service_key_version) ON former_credentials TO ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
    await replaceOutdated(queryRunner, WITHOUT, WITH);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceOutdated(queryRunner, WITH, WITHOUT);
    await queryRunner.query('DROP TABLE former_credentials');
  }
}
