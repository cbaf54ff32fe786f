import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { FUNCTIONS, UNDO } from './access-at-commit.sql';

/** What a client did is committed only while its certificate and its instance are served. */
export class AccessAtCommit1765200000000 implements MigrationInterface {
  readonly name = 'AccessAtCommit1765200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of FUNCTIONS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UNDO) await queryRunner.query(statement);
  }
}
