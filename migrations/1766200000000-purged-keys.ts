import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Which destroyed keys are purged in the key manager. Rows: none is, as far as anybody knows. */
export class PurgedKeys1766200000000 implements MigrationInterface {
  readonly name = 'PurgedKeys1766200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects ADD COLUMN purged_at timestamptz(3)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects DROP COLUMN purged_at');
  }
}
