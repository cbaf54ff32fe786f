import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

/**
 * Plans of what is to be shredded, and whether an instance demands a second person for it. Rows: no instance that is there
 * demands one.
 */
export class ShredPlans1767840000000 implements MigrationInterface {
  readonly name = 'ShredPlans1767840000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE instances
      ADD COLUMN second_person_to_destroy boolean NOT NULL DEFAULT false,
      ADD COLUMN second_person_until timestamptz(3)`);
    // Small facts in one document, and beside it what grows with the number of keys.
    await queryRunner.query(`CREATE TABLE shred_plans (
      instance_id uuid NOT NULL,
      id uuid NOT NULL,
      state text NOT NULL,
      document jsonb NOT NULL,
      keys jsonb NOT NULL,
      shown jsonb NOT NULL,
      record jsonb,
      CONSTRAINT pk_shred_plans PRIMARY KEY (instance_id, id),
      CONSTRAINT fk_shred_plans_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE,
      CONSTRAINT ck_shred_plans_state
        CHECK (state IN ('draft', 'confirmed', 'executing', 'keys_destroyed', 'completed'))
    )`);
    await queryRunner.query('ALTER TABLE shred_plans ENABLE ROW LEVEL SECURITY');
    await queryRunner.query('ALTER TABLE shred_plans FORCE ROW LEVEL SECURITY');
    await queryRunner.query(`CREATE POLICY tenant ON shred_plans TO ${APPLICATION_ROLE}
      USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE shred_plans');
    await queryRunner.query(
      'ALTER TABLE instances DROP COLUMN second_person_until, DROP COLUMN second_person_to_destroy',
    );
  }
}
