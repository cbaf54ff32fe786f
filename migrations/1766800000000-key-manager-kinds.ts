import { type MigrationInterface, type QueryRunner } from 'typeorm';

const check = (condition: string): readonly string[] => [
  'ALTER TABLE root_key_bindings DROP CONSTRAINT ck_root_key_bindings_kind',
  `ALTER TABLE root_key_bindings ADD CONSTRAINT ck_root_key_bindings_kind CHECK (${condition})`,
];

/**
 * Which kinds of key manager there are is said by the drivers; the database checks the form. Rows: none is changed. It is
 * taken back only where no binding is of a kind that came after it.
 */
export class KeyManagerKinds1766800000000 implements MigrationInterface {
  readonly name = 'KeyManagerKinds1766800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of check("kind ~ '^[a-z][a-z0-9_-]{0,62}$'")) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of check("kind IN ('key_protect', 'hpcs')")) await queryRunner.query(statement);
  }
}
