import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { API_ROLE, APPLICATION_ROLE, AUDIT_ROLE, ensureRoles, GATEWAY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const OF_CURRENT = `USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`;
const APPEND = 'append_audit(uuid, text[])';
const HOLDS = 'audit_holds(uuid, bigint, bytea)';

/** The tables in the order in which the release before locks them: the head of a chain first. */
const TABLES = [
  `GRANT SELECT, INSERT, UPDATE ON audit_chain_heads TO ${AUDIT_ROLE}`,
  `CREATE POLICY append ON audit_chain_heads TO ${AUDIT_ROLE} ${OF_CURRENT}`,
  `GRANT SELECT, INSERT ON audit_events TO ${AUDIT_ROLE}`,
  `CREATE POLICY append ON audit_events TO ${AUDIT_ROLE} ${OF_CURRENT}`,
];

const FUNCTIONS = [
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${AUDIT_ROLE}`,
  // From now on in the name of its owner: nobody who calls it needs the tables.
  `ALTER FUNCTION ${APPEND} SECURITY DEFINER`,
  `ALTER FUNCTION ${APPEND} OWNER TO ${AUDIT_ROLE}`,

  // Whether a record is in the chain. Waits for a transaction that is about to commit it.
  `CREATE FUNCTION audit_holds(p_instance uuid, p_seq bigint, p_hash bytea) RETURNS boolean LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    BEGIN
      PERFORM FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      RETURN EXISTS (SELECT FROM audit_events e WHERE e.instance_id = p_instance AND e.seq = p_seq AND e.hash = p_hash);
    END $body$`,
  `REVOKE ALL ON FUNCTION ${HOLDS} FROM PUBLIC`,
  `ALTER FUNCTION ${HOLDS} OWNER TO ${AUDIT_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${AUDIT_ROLE}`,
];

/**
 * Roles for gateway and API instead of one for both, and the audit trail written by its functions alone. What each role
 * may do stands in `grants.ts` and is applied after every migration. Rows: none is changed. The release before goes on
 * with the role it has.
 */
export class SeparateLogins1766100000000 implements MigrationInterface {
  readonly name = 'SeparateLogins1766100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await ensureRoles(queryRunner, [AUDIT_ROLE, GATEWAY_ROLE, API_ROLE]);
    await queryRunner.query(`GRANT USAGE ON SCHEMA public TO ${GATEWAY_ROLE}, ${API_ROLE}, ${AUDIT_ROLE}`);
    for (const statement of [...TABLES, ...FUNCTIONS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER FUNCTION ${APPEND} OWNER TO CURRENT_USER`);
    await queryRunner.query(`ALTER FUNCTION ${APPEND} SECURITY INVOKER`);
    await queryRunner.query(`DROP FUNCTION ${HOLDS}`);
    for (const table of ['audit_chain_heads', 'audit_events']) {
      await queryRunner.query(`DROP POLICY append ON ${table}`);
      await queryRunner.query(`REVOKE ALL ON ${table} FROM ${AUDIT_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}`);
    }
    const policies = (await queryRunner.query(
      `SELECT format('ALTER POLICY %I ON %I TO ${APPLICATION_ROLE}', policyname, tablename) AS sql FROM pg_policies
        WHERE schemaname = 'public' AND roles @> ARRAY['${APPLICATION_ROLE}', '${GATEWAY_ROLE}']::name[]`,
    )) as { sql: string }[];
    for (const { sql } of policies) await queryRunner.query(sql);
    // The roles stay: other databases of the server may use them.
  }
}
