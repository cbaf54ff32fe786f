import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Who makes the keys of an instance. Rows: every instance stays with keys that are made by the gateways. */
export class KeyGeneration1765800000000 implements MigrationInterface {
  readonly name = 'KeyGeneration1765800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE instances ADD COLUMN key_generation text NOT NULL DEFAULT 'local'
      CONSTRAINT ck_instances_key_generation CHECK (key_generation IN ('local', 'key_manager'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE instances DROP COLUMN key_generation');
  }
}
