import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

/**
 * Which keys an administrator's inventory says are in use, and which are set aside because none does. Rows: no instance
 * that is there has either.
 */
export class ReclaimedKeys1767841000000 implements MigrationInterface {
  readonly name = 'ReclaimedKeys1767841000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE key_inventories (
      instance_id uuid NOT NULL,
      taken_at timestamptz(3) NOT NULL,
      uploaded_at timestamptz(3) NOT NULL,
      uploaded_by text NOT NULL,
      source text NOT NULL,
      key_ids jsonb NOT NULL,
      CONSTRAINT pk_key_inventories PRIMARY KEY (instance_id),
      CONSTRAINT fk_key_inventories_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
    )`);
    await queryRunner.query(`CREATE TABLE quarantined_keys (
      instance_id uuid NOT NULL,
      id uuid NOT NULL,
      since timestamptz(3) NOT NULL,
      put_by text NOT NULL,
      CONSTRAINT pk_quarantined_keys PRIMARY KEY (instance_id, id),
      CONSTRAINT fk_quarantined_keys_object
        FOREIGN KEY (instance_id, id) REFERENCES managed_objects (instance_id, id) ON DELETE CASCADE
    )`);
    for (const table of ['key_inventories', 'quarantined_keys']) {
      await queryRunner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
      await queryRunner.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);
      await queryRunner.query(`CREATE POLICY tenant ON ${table} TO ${APPLICATION_ROLE}
        USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE quarantined_keys');
    await queryRunner.query('DROP TABLE key_inventories');
  }
}
