import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Of which client certificates an inventory speaks. Rows: one that is there speaks of none, so that by it nothing is
 * proposed any more: it would have counted for a day.
 */
export class InventoryCertificates1767920000000 implements MigrationInterface {
  readonly name = 'InventoryCertificates1767920000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE key_inventories ADD COLUMN covered_certificates text[] NOT NULL DEFAULT '{}',
      ADD COLUMN certificates_without_keys text[] NOT NULL DEFAULT '{}'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE key_inventories DROP COLUMN certificates_without_keys, DROP COLUMN covered_certificates',
    );
  }
}
