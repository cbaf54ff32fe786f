import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { CHANGES, DROP_TABLE, TABLE } from './audit-records.sql';
import { replaceFunction } from './replaced-function';

/**
 * Audit records packed, in a table by months. Rows: those in audit_events stay there, and are read there; from now on
 * none is added. The release before appends by the same functions, as text; what was appended since it does not show.
 */
export class AuditRecords1767800000000 implements MigrationInterface {
  readonly name = 'AuditRecords1767800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The head of a chain first, as whoever appends: nobody is in the middle of it then.
    for (const statement of TABLE) await queryRunner.query(statement);
    for (const change of CHANGES) await replaceFunction(queryRunner, change);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('LOCK TABLE audit_chain_heads IN ACCESS EXCLUSIVE MODE');
    for (const change of CHANGES) await replaceFunction(queryRunner, change, 'back');
    for (const statement of DROP_TABLE) await queryRunner.query(statement);
  }
}
