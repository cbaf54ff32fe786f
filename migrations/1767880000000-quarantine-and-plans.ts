import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Whether a key was suspended before it was set aside, and how many keys a shred plan has and has shown, so that a list
 * reads none of them; a row of another form must not stop an upgrade. Rows: keys in quarantine count as not suspended before; plans are counted.
 */
export class QuarantineAndPlans1767880000000 implements MigrationInterface {
  readonly name = 'QuarantineAndPlans1767880000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE quarantined_keys ADD COLUMN suspended_before boolean NOT NULL DEFAULT false');
    await queryRunner.query(`ALTER TABLE shred_plans
      ADD COLUMN key_count integer NOT NULL GENERATED ALWAYS AS
        (CASE jsonb_typeof(keys) WHEN 'array' THEN jsonb_array_length(keys) ELSE 0 END) STORED,
      ADD COLUMN shown_count integer NOT NULL GENERATED ALWAYS AS
        (CASE jsonb_typeof(shown) WHEN 'object' THEN jsonb_array_length(jsonb_path_query_array(shown, '$.keyvalue()'))
          ELSE 0 END) STORED`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE shred_plans DROP COLUMN shown_count, DROP COLUMN key_count');
    await queryRunner.query('ALTER TABLE quarantined_keys DROP COLUMN suspended_before');
  }
}
