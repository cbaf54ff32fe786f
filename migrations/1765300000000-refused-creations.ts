import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The record that a Create was refused for good, without which no stored key of it is deleted. Rows that are there stay
 * without one: their stored keys are kept, or taken over.
 */
export class RefusedCreations1765300000000 implements MigrationInterface {
  readonly name = 'RefusedCreations1765300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE creation_intents ADD COLUMN refused_at timestamptz(3)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE creation_intents DROP COLUMN refused_at');
  }
}
