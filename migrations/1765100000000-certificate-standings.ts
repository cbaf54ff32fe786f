import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { FILL, FUNCTIONS, PROTECTION, SHARED, TABLES, UNDO } from './certificate-standings.sql';

/**
 * A certificate may be registered in several instances; where its keys are born is decided by proof. Fills a standing
 * for every certificate that is registered; changes no other row.
 */
export class CertificateStandings1765100000000 implements MigrationInterface {
  readonly name = 'CertificateStandings1765100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // In the order in which an INSERT locks a table and what it refers to: otherwise each could wait for the other.
    await queryRunner.query('LOCK TABLE managed_objects, client_certificates, instances IN ACCESS EXCLUSIVE MODE');
    for (const statement of [...TABLES, ...PROTECTION, ...FILL, ...SHARED, ...FUNCTIONS]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UNDO) await queryRunner.query(statement);
  }
}
