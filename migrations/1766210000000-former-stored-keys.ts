import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

const UP = [
  'ALTER TABLE instances ADD COLUMN purge_destroyed_keys boolean NOT NULL DEFAULT false',
  `CREATE TABLE former_stored_keys (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    stored_key_id text NOT NULL,
    root_key_id text NOT NULL,
    left_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_former_stored_keys PRIMARY KEY (instance_id, id, stored_key_id),
    CONSTRAINT fk_former_stored_keys_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
  )`,
  'ALTER TABLE former_stored_keys ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE former_stored_keys FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON former_stored_keys TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `GRANT SELECT, INSERT, DELETE ON former_stored_keys TO ${APPLICATION_ROLE}`,
];

/**
 * Where keys lay before they were moved, and who wants destroyed keys to be purged. Changes no rows: nothing is purged
 * before an instance asks for it. What the release before moves meanwhile is not remembered, and stays restorable.
 * Apart from the column of objects: some transactions lock instances first, others objects.
 */
export class FormerStoredKeys1766210000000 implements MigrationInterface {
  readonly name = 'FormerStoredKeys1766210000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE former_stored_keys');
    await queryRunner.query('ALTER TABLE instances DROP COLUMN purge_destroyed_keys');
  }
}
