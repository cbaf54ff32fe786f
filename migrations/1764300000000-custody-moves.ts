import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { PROTECTION, TABLES, UNDO } from './custody-moves.sql';

/** Moves of keys from one stored key to another that are under way or were interrupted. */
export class CustodyMoves1764300000000 implements MigrationInterface {
  readonly name = 'CustodyMoves1764300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, ...PROTECTION]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UNDO) await queryRunner.query(statement);
  }
}
