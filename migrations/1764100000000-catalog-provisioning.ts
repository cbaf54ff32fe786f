import { type MigrationInterface, type QueryRunner } from 'typeorm';

import {
  CATALOG_DIRECTORY,
  CATALOG_PROTECTION,
  CATALOG_TABLE_NAMES,
  CATALOG_TABLES,
  DROP_CATALOG_DIRECTORY,
} from './catalog-provisioning.sql';

/** What the IBM Cloud catalog ordered: instances as it knows them, its operations and bindings, and usage to report. */
export class CatalogProvisioning1764100000000 implements MigrationInterface {
  readonly name = 'CatalogProvisioning1764100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...CATALOG_TABLES, ...CATALOG_PROTECTION, ...CATALOG_DIRECTORY]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DROP_CATALOG_DIRECTORY) await queryRunner.query(statement);
    for (const table of CATALOG_TABLE_NAMES) await queryRunner.query(`DROP TABLE ${table}`);
  }
}
