import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { PROTECTION, TABLES, UNDO } from './gateway-acknowledgements.sql';

/** What the gateways have taken in, so that an answer can say where a change is active. */
export class GatewayAcknowledgements1764500000000 implements MigrationInterface {
  readonly name = 'GatewayAcknowledgements1764500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...TABLES, ...PROTECTION]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UNDO) await queryRunner.query(statement);
  }
}
