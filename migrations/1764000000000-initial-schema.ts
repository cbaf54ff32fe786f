import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { DIRECTORY_FUNCTIONS, DROP_FUNCTIONS, PROTECTION, TABLES, TENANT_TABLES } from './initial-schema.sql';
import { APPLICATION_ROLE, DIRECTORY_ROLE, ensureRoles } from './roles';

/** Everything a tenant has: who it is, who may connect, its root key, its catalog of keys and its audit chain. */
export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await ensureRoles(queryRunner, [APPLICATION_ROLE, DIRECTORY_ROLE]);
    for (const statement of [...TABLES, ...PROTECTION, ...DIRECTORY_FUNCTIONS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DROP_FUNCTIONS) await queryRunner.query(statement);
    for (const table of ['leases', ...TENANT_TABLES.map(({ name }) => name)]) {
      await queryRunner.query(`DROP TABLE ${table}`);
    }
    // The roles stay: other databases of the server may use them, and without grants they can do nothing.
  }
}
