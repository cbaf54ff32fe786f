import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Which stored keys bear proof of who wrote them: rows that are there say no, and learn it with the next move of their
 * key. The index finds key material that is there already.
 */
export class ProvenKeys1765400000000 implements MigrationInterface {
  readonly name = 'ProvenKeys1765400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE managed_objects ADD COLUMN stored_key_authenticated boolean NOT NULL DEFAULT false',
    );
    await queryRunner.query('CREATE INDEX ix_managed_objects_digest ON managed_objects (instance_id, digest)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX ix_managed_objects_digest');
    await queryRunner.query('ALTER TABLE managed_objects DROP COLUMN stored_key_authenticated');
  }
}
