import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const UNTESTED = 'directory_untested_instances(timestamptz, uuid, integer)';
const TESTED_AGAIN = 'b.look_due_at IS NULL OR b.look_due_at <= p_now';
const WATCHED_TOO = `${TESTED_AGAIN} OR b.watch_due_at IS NULL OR b.watch_due_at <= p_now`;

/**
 * Keys of which nothing is left in the key manager, and when its stored keys are compared with the catalog next. Rows: of
 * none it is known that it is lost; all root keys are compared first of all.
 */
export class LostKeys1767831000000 implements MigrationInterface {
  readonly name = 'LostKeys1767831000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `CREATE TABLE lost_keys (
        instance_id uuid NOT NULL,
        id uuid NOT NULL,
        stored_key_id text NOT NULL,
        since timestamptz(3) NOT NULL,
        restorable_until timestamptz(3),
        CONSTRAINT pk_lost_keys PRIMARY KEY (instance_id, id),
        CONSTRAINT fk_lost_keys_object FOREIGN KEY (instance_id, id)
          REFERENCES managed_objects (instance_id, id) ON DELETE CASCADE
      )`,
      'ALTER TABLE lost_keys ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE lost_keys FORCE ROW LEVEL SECURITY',
      `CREATE POLICY tenant ON lost_keys TO ${APPLICATION_ROLE}
        USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON lost_keys TO ${APPLICATION_ROLE}`,
      'ALTER TABLE root_key_bindings ADD COLUMN watch_due_at timestamptz(3)',
      `GRANT SELECT (watch_due_at) ON root_key_bindings TO ${DIRECTORY_ROLE}`,
    ]) {
      await queryRunner.query(statement);
    }
    await replaceUntested(queryRunner, TESTED_AGAIN, WATCHED_TOO);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceUntested(queryRunner, WATCHED_TOO, TESTED_AGAIN);
    await queryRunner.query('ALTER TABLE root_key_bindings DROP COLUMN watch_due_at');
    await queryRunner.query('DROP TABLE lost_keys');
  }
}

/** The same question as before, but for which bindings it is time. */
async function replaceUntested(queryRunner: QueryRunner, before: string, after: string): Promise<void> {
  const found = (await queryRunner.query(`SELECT pg_get_functiondef('${UNTESTED}'::regprocedure) AS source`)) as {
    source: string;
  }[];
  const source = found[0]?.source ?? '';
  if (!source.includes(`(${before})`)) throw new Error(`${UNTESTED} is not as it was made`);
  await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`);
  await queryRunner.query(source.replace(`(${before})`, `(${after})`));
  await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`);
}
