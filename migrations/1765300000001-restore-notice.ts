import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const TABLES = [
  `CREATE TABLE region_progress (
    singleton boolean NOT NULL DEFAULT true,
    counter bigint NOT NULL DEFAULT 0,
    system_identifier text,
    restored_at timestamptz(3),
    sign text,
    CONSTRAINT pk_region_progress PRIMARY KEY (singleton),
    CONSTRAINT ck_region_progress_singleton CHECK (singleton)
  )`,
  `CREATE TABLE restore_releases (
    released_instance uuid NOT NULL,
    released_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_restore_releases PRIMARY KEY (released_instance)
  )`,
  `CREATE TABLE restored_withdrawals (
    of_instance uuid NOT NULL,
    mark text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL,
    settled_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_restored_withdrawals PRIMARY KEY (of_instance, mark)
  )`,
];

/**
 * Belongs to the region and not to a tenant: how far the database has come, and what is done about a restored one. No
 * row that is there is changed; processes of the release before do not count, and notice nothing.
 */
export class RestoreNotice1765300000001 implements MigrationInterface {
  readonly name = 'RestoreNotice1765300000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      ...TABLES,
      'INSERT INTO region_progress DEFAULT VALUES',
      `GRANT SELECT, UPDATE ON region_progress TO ${APPLICATION_ROLE}`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON restore_releases, restored_withdrawals TO ${APPLICATION_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['restored_withdrawals', 'restore_releases', 'region_progress']) {
      await queryRunner.query(`DROP TABLE ${table}`);
    }
  }
}
