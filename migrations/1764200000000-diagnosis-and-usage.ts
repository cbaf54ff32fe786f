import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { FUNCTIONS, PROTECTION, TABLES, UNDO } from './diagnosis-and-usage.sql';

/** Who knocked and why he was let in or not, what tenants claim of it, and what each instance held by day. */
export class DiagnosisAndUsage1764200000000 implements MigrationInterface {
  readonly name = 'DiagnosisAndUsage1764200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, ...PROTECTION, ...FUNCTIONS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UNDO) await queryRunner.query(statement);
  }
}
