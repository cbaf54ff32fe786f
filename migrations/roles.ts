import { type QueryRunner } from 'typeorm';

/**
 * What every connection acted as before gateway and API had roles of their own; the release before still does. Sees one
 * tenant at a time, and nothing when none is set.
 */
export const APPLICATION_ROLE = 'kmip_app';
/** What gateways act as, and what the management API and the operator's command line do: `grants.ts` says what for. */
export const GATEWAY_ROLE = 'kmip_gateway';
export const API_ROLE = 'kmip_api';
/** Owns the few functions that look across tenants; nobody connects as it. */
export const DIRECTORY_ROLE = 'kmip_directory';
/** Owns the functions that write the audit trail; nobody connects as it. */
export const AUDIT_ROLE = 'kmip_audit';

/**
 * Roles belong to the whole server, not to one database: another database of ours may have made them already, or an
 * administrator did because the database user may not.
 */
export async function ensureRoles(queryRunner: QueryRunner, roles: readonly string[]): Promise<void> {
  for (const role of roles) {
    if (!(await roleExists(queryRunner, role))) await createRole(queryRunner, role, roles);
    const rows = (await queryRunner.query(`SELECT pg_has_role(current_user, '${role}', 'MEMBER') AS member`)) as {
      member: boolean;
    }[];
    // Superusers are members of everything; the explicit grant lets an ordinary owner take the role on.
    if (rows[0]?.member !== true || (await needsGrant(queryRunner, role))) {
      await orExplain(queryRunner, `GRANT ${role} TO CURRENT_USER`, roles);
    }
  }
}

async function roleExists(queryRunner: QueryRunner, role: string): Promise<boolean> {
  const rows = (await queryRunner.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])) as unknown[];
  return rows.length > 0;
}

async function needsGrant(queryRunner: QueryRunner, role: string): Promise<boolean> {
  // PostgreSQL 16 and later make the creator an administrator of the role, which alone does not allow SET ROLE.
  const rows = (await queryRunner.query(
    `SELECT current_setting('server_version_num')::int >= 160000
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS modern`,
  )) as { modern: boolean }[];
  if (rows[0]?.modern !== true) return false;
  const able = (await queryRunner.query(`SELECT pg_has_role(current_user, '${role}', 'SET') AS able`)) as {
    able: boolean;
  }[];
  return able[0]?.able !== true;
}

async function createRole(queryRunner: QueryRunner, role: string, roles: readonly string[]): Promise<void> {
  // Two databases of one server may be migrated at once; the second finds the role there.
  await orExplain(
    queryRunner,
    `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
    roles,
  );
}

async function orExplain(queryRunner: QueryRunner, sql: string, roles: readonly string[]): Promise<void> {
  try {
    await queryRunner.query(sql);
  } catch (cause) {
    // 42501: insufficient privilege; 0LP01 and 55000 turn up for grants in some versions.
    if (!['42501', '0LP01', '55000'].includes((cause as { code?: string }).code ?? '')) throw cause;
    throw new Error(
      'the database user may not create or take on the roles it needs; let an administrator of the server run: ' +
        `${roles.map((role) => `CREATE ROLE ${role} NOLOGIN;`).join(' ')} GRANT ${roles.join(', ')} TO <the user of DATABASE_URL>;`,
      { cause },
    );
  }
}
