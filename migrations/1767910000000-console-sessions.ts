import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Who signed in to the web console. Belongs to the region and not to a tenant: a session is of a person, who may see
 * instances of an account or none. Of cookies only hashes are kept, and tokens are sealed. Gateways have no right to any
 * of it. Rows: none; the release before has no console.
 */
export class ConsoleSessions1767910000000 implements MigrationInterface {
  readonly name = 'ConsoleSessions1767910000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `CREATE TABLE console_logins (
        state_hash bytea NOT NULL,
        browser_hash bytea NOT NULL,
        service_key_version integer NOT NULL,
        sealed bytea NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_console_logins PRIMARY KEY (state_hash)
      )`,
      'CREATE INDEX ix_console_logins_expires_at ON console_logins (expires_at)',
      `CREATE TABLE console_sessions (
        id uuid NOT NULL,
        iam_id text NOT NULL,
        account_id text NOT NULL,
        current_hash bytea NOT NULL,
        next_hash bytea,
        former_hash bytea,
        former_until timestamptz(3),
        service_key_version integer NOT NULL,
        sealed bytea NOT NULL,
        access_expires_at timestamptz(3) NOT NULL,
        revision integer NOT NULL,
        refreshing_until timestamptz(3),
        signed_in_at timestamptz(3) NOT NULL,
        used_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_console_sessions PRIMARY KEY (id)
      )`,
      'CREATE UNIQUE INDEX ux_console_sessions_current ON console_sessions (current_hash)',
      'CREATE UNIQUE INDEX ux_console_sessions_next ON console_sessions (next_hash)',
      'CREATE INDEX ix_console_sessions_former ON console_sessions (former_hash)',
      'CREATE INDEX ix_console_sessions_iam_id ON console_sessions (iam_id, signed_in_at)',
      'CREATE INDEX ix_console_sessions_expires_at ON console_sessions (expires_at)',
    ]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE console_sessions');
    await queryRunner.query('DROP TABLE console_logins');
  }
}
