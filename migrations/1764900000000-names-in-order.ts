import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Lists of keys by name. Only the first KMIP Name of a key has the text that is sorted by: keys without one, as
 * vCenter's are, cost nothing. By the bytes, so that no change of the system's collation puts the index out of order.
 */
export class NamesInOrder1764900000000 implements MigrationInterface {
  readonly name = 'NamesInOrder1764900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE managed_object_attributes ADD COLUMN sort_text text COLLATE "C"');
    await queryRunner.query(
      `CREATE INDEX ix_managed_object_attributes_sort ON managed_object_attributes (instance_id, sort_text, object_id)
        WHERE sort_text IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX ix_managed_object_attributes_sort');
    await queryRunner.query('ALTER TABLE managed_object_attributes DROP COLUMN sort_text');
  }
}
