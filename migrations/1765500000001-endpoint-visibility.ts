import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Which endpoint of its key manager a tenant asked for. Rows: none is changed; in a binding of before it stays empty,
 * and its address tells.
 */
export class EndpointVisibility1765500000001 implements MigrationInterface {
  readonly name = 'EndpointVisibility1765500000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE root_key_bindings ADD COLUMN endpoint_visibility text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE root_key_bindings DROP COLUMN endpoint_visibility');
  }
}
