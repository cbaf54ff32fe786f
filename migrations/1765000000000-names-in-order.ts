import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Lists of keys by name; keys without a KMIP Name stand at their identifiers. By the bytes, so that no change of the
 * system's collation puts the index out of order.
 */
export class NamesInOrder1765000000000 implements MigrationInterface {
  readonly name = 'NamesInOrder1765000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE managed_objects ADD COLUMN sort_name text COLLATE "C" NOT NULL DEFAULT ''`);
    await queryRunner.query('CREATE INDEX ix_managed_objects_name ON managed_objects (instance_id, sort_name, id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX ix_managed_objects_name');
    await queryRunner.query('ALTER TABLE managed_objects DROP COLUMN sort_name');
  }
}
