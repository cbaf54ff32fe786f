import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

const UP = [
  // In the order in which the births and moves of keys lock these tables.
  'ALTER TABLE creation_intents ADD COLUMN clear_since timestamptz(3)',
  'ALTER TABLE custody_moves ADD COLUMN clear_since timestamptz(3)',
  // Unknown for keys that are there: they are judged by the age of their object, as before.
  'ALTER TABLE managed_objects ADD COLUMN stored_at timestamptz(3)',
  `CREATE TABLE later_looks (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    stored_key_id text,
    root_key_id text,
    destroyed_at timestamptz(3) NOT NULL,
    looks smallint NOT NULL DEFAULT 0,
    due_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_later_looks PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_later_looks_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
  )`,
  'CREATE INDEX ix_later_looks_due ON later_looks (instance_id, due_at)',
  'ALTER TABLE later_looks ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE later_looks FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON later_looks TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON later_looks TO ${APPLICATION_ROLE}`,
  // Strangers within a claimed range of addresses; of others the claims are asked for by equality.
  'CREATE INDEX ix_connection_attempts_address ON connection_attempts USING gist (address inet_ops)',
];

/**
 * What one look at a key manager cannot settle is looked at again: destroyed keys, and the notes of Creates and moves.
 * Changes no rows. Keys that are there, or destroyed by the release before meanwhile, are not looked at later; what that
 * release moves keeps the date of the former stored key.
 */
export class LaterLooks1765900000000 implements MigrationInterface {
  readonly name = 'LaterLooks1765900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'DROP INDEX ix_connection_attempts_address',
      'DROP TABLE later_looks',
      'ALTER TABLE custody_moves DROP COLUMN clear_since',
      'ALTER TABLE creation_intents DROP COLUMN clear_since',
      'ALTER TABLE managed_objects DROP COLUMN stored_at',
    ]) {
      await queryRunner.query(statement);
    }
  }
}
