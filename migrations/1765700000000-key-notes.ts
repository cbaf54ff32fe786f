import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

const UP = [
  `CREATE TABLE key_notes (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    previous bigint,
    fact text NOT NULL,
    effective_at timestamptz(3) NOT NULL,
    written_under text,
    CONSTRAINT pk_key_notes PRIMARY KEY (instance_id, id, number),
    CONSTRAINT fk_key_notes_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE,
    CONSTRAINT ck_key_notes_fact
      CHECK (fact IN ('deactivated', 'compromised', 'destroyed', 'suspended', 'resumed'))
  )`,
  'CREATE INDEX ix_key_notes_written ON key_notes (instance_id, written_under)',
  'ALTER TABLE key_notes ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE key_notes FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON key_notes TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON key_notes TO ${APPLICATION_ROLE}`,
];

/**
 * What was withdrawn before: one note for each fact, numbered by their kind. A destroyed key has nothing left that could
 * come back but by an administrator of the key manager, and each note costs the tenant a key.
 */
const ENTER = `WITH noted AS (
    SELECT o.id, kind.place, kind.fact, kind.at FROM managed_objects o CROSS JOIN LATERAL (VALUES
        (1, 'deactivated', o.deactivation_date),
        (2, 'compromised', o.compromise_date),
        (3, 'suspended', CASE WHEN o.suspended THEN o.last_change_date END)) AS kind (place, fact, at)
      WHERE o.instance_id = $1 AND kind.at IS NOT NULL AND o.state NOT IN ('Destroyed', 'DestroyedCompromised'))
  INSERT INTO key_notes (instance_id, id, number, previous, fact, effective_at)
    SELECT $1::uuid, id, place, lag(place) OVER (PARTITION BY id ORDER BY place), fact, at FROM noted
    ON CONFLICT DO NOTHING`;

/**
 * Rows: enters notes for the revocations and suspensions that are in force, and changes no key. A release that knows
 * nothing of notes, running beside, revokes and suspends without one until it is replaced.
 */
export class KeyNotes1765700000000 implements MigrationInterface {
  readonly name = 'KeyNotes1765700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
    // The owner of the tables is bound by row-level security too.
    await queryRunner.query(`SET LOCAL ROLE ${APPLICATION_ROLE}`);
    const instances = (await queryRunner.query('SELECT id FROM directory_instances(NULL, NULL, 1000000000)')) as {
      id: string;
    }[];
    for (const { id } of instances) {
      await queryRunner.query(`SELECT set_config('app.instance_id', $1, true)`, [id]);
      await queryRunner.query(ENTER, [id]);
    }
    await queryRunner.query('RESET ROLE');
    await queryRunner.query(`SELECT set_config('app.instance_id', '', true)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE key_notes');
  }
}
