import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Until when a destroyed key can be restored in its key manager. Rows: none is changed; of a key that was destroyed
 * before, or is destroyed by the previous release meanwhile, the Destroy Date tells.
 */
export class RecoverableKeys1765800000001 implements MigrationInterface {
  readonly name = 'RecoverableKeys1765800000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects ADD COLUMN recoverable_until timestamptz(3)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_objects DROP COLUMN recoverable_until');
  }
}
