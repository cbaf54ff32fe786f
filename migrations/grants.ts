import { type QueryRunner } from 'typeorm';

import { API_ROLE, APPLICATION_ROLE, GATEWAY_ROLE } from './roles';

/** What each process may do: privileges as GRANT spells them, with columns where not all are meant. Absent: nothing. */
interface Rights {
  readonly gateway?: string;
  readonly api?: string;
}

/**
 * The tables of the catalog. Whoever adds one decides here who works with it; until then nobody does. A privilege to
 * UPDATE one column is often there for the sake of locks alone: FOR UPDATE demands it of any.
 */
export const TABLE_RIGHTS: Readonly<Record<string, Rights>> = {
  instances: { gateway: 'SELECT, UPDATE (updated_at)', api: 'SELECT, INSERT, UPDATE, DELETE' },
  credentials: { gateway: 'SELECT', api: 'SELECT, INSERT, UPDATE, DELETE' },
  // They go with their binding, whoever removes it.
  former_credentials: { gateway: 'SELECT', api: 'SELECT, INSERT, UPDATE, DELETE' },
  root_key_bindings: { gateway: 'SELECT, UPDATE, DELETE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  // The gateway removes what a restore has brought back.
  client_certificates: { gateway: 'SELECT, DELETE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  certificate_standings: {
    gateway: 'SELECT, UPDATE (issued, proof, proven_at)',
    api: 'SELECT, UPDATE (issued, proof, proven_at)',
  },
  kmip_credentials: { api: 'SELECT, INSERT, DELETE' },
  certificate_claims: { api: 'SELECT, INSERT, DELETE' },

  managed_objects: { gateway: 'SELECT, INSERT, UPDATE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  managed_object_attributes: {
    gateway: 'SELECT, INSERT, UPDATE, DELETE',
    api: 'SELECT, INSERT, UPDATE, DELETE',
  },
  key_fetches: { gateway: 'SELECT, INSERT, UPDATE', api: 'SELECT, INSERT, UPDATE' },
  creation_intents: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT, UPDATE (claimed_at), DELETE' },
  instance_usage: { gateway: 'SELECT, INSERT, UPDATE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  // The command line takes keys over by the steps of a move.
  custody_moves: {
    gateway: 'SELECT, INSERT, UPDATE, DELETE',
    api: 'SELECT, INSERT, UPDATE (claimed_at), DELETE',
  },
  key_notes: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  former_stored_keys: { gateway: 'SELECT, INSERT, DELETE', api: 'SELECT, INSERT, DELETE' },
  lost_keys: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT' },
  key_inventories: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  quarantined_keys: { api: 'SELECT, INSERT, DELETE' },
  shred_plans: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  webhooks: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  console_logins: { api: 'SELECT, INSERT, DELETE' },
  console_sessions: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  later_looks: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT, INSERT' },

  // Written by append_audit alone; the gateway does not even read it.
  audit_events: { api: 'SELECT' },
  audit_records: { api: 'SELECT' },
  audit_chain_heads: { api: 'SELECT' },
  audit_signed_heads: { api: 'SELECT, INSERT' },
  audit_archives: { api: 'SELECT, INSERT' },

  catalog_instances: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  catalog_operations: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  catalog_bindings: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  metering_records: { api: 'SELECT, INSERT, UPDATE, DELETE' },
  usage_days: { api: 'SELECT' },
  // By functions alone: its rows are of strangers, and of more than one tenant.
  connection_attempts: {},
  region_requirements: {},

  invalidation_versions: { gateway: 'SELECT, INSERT, UPDATE', api: 'SELECT, INSERT, UPDATE' },
  leases: { gateway: 'SELECT, INSERT, UPDATE', api: 'SELECT, INSERT, UPDATE' },
  gateway_processes: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT' },
  gateway_acknowledgements: { gateway: 'SELECT, INSERT, UPDATE, DELETE', api: 'SELECT' },
  region_progress: { gateway: 'SELECT, UPDATE', api: 'SELECT, UPDATE' },
  restore_releases: { gateway: 'SELECT, DELETE', api: 'SELECT, INSERT, UPDATE, DELETE' },
  restored_withdrawals: { gateway: 'SELECT, INSERT', api: 'SELECT, INSERT' },

  // TypeORM's list of what has run: the owner's.
  migrations: {},
};

type Callers = readonly ('gateway' | 'api')[];

const BOTH: Callers = ['gateway', 'api'];

/** Who may call the functions of the catalog. Those that triggers call are checked for nobody. */
export const FUNCTION_CALLERS: Readonly<Record<string, Callers>> = {
  append_audit: BOTH,
  append_audit_for: BOTH,
  audit_holds: BOTH,
  hold_audit_chain: BOTH,
  record_served: BOTH,
  open_intents: BOTH,
  complete_intents: BOTH,
  certificate_refusal: BOTH,
  certificate_displaced: BOTH,
  directory_registrations: BOTH,
  directory_registrants: BOTH,
  directory_listed_instances: BOTH,
  directory_registrations_of: BOTH,
  directory_kmip_credentials_of: BOTH,
  directory_instances: BOTH,
  directory_unsettled_instances: ['gateway'],
  directory_bound_instances: ['gateway'],
  directory_untested_instances: ['gateway'],
  directory_changes: BOTH,
  directory_holders: BOTH,
  directory_kmip_credentials: BOTH,
  proof_required_since: BOTH,
  recognize_certificate: ['gateway'],
  report_connection_attempts: ['gateway'],
  managed_object_sort_name: BOTH,
  count_keys_elsewhere: ['api'],
  claimed_refusals: ['api'],
  tenant_connection_attempts: ['api'],
  prune_connection_attempts: ['api'],
  prune_certificate_standings: ['api'],
  measure_usage: ['api'],
  prepare_audit_months: ['api'],
  directory_outdated_credentials: ['api'],
  directory_due_webhooks: ['api'],
  directory_catalog_instances: ['api'],
  directory_due_operations: ['api'],
  directory_expired_instances: ['api'],
  directory_meterable_instances: ['api'],
  directory_pending_usage: ['api'],
  directory_unsigned_chains: ['api'],
  directory_audit_month: ['api'],
  directory_whole_instances: ['api'],
  directory_server_trust: ['api'],
  // The release before asks it; this one does not.
  directory_certificates: [],
  pack_audit_text: [],
  refuse_audit_event: [],
  begin_key_fetches: [],
  follow_key_fetches: [],
  fill_sort_name: [],
  keep_sort_name: [],
  follow_registration: [],
};

const ROLES = { gateway: GATEWAY_ROLE, api: API_ROLE } as const;

/** One line for each privilege, as `GRANT` would have it: what was declared above, of what is there. */
export function declaredGrants(): readonly string[] {
  const tables = Object.entries(TABLE_RIGHTS).flatMap(([table, rights]) =>
    (['gateway', 'api'] as const).flatMap((process) =>
      [...(rights[process] ?? '').matchAll(/(\w+)(?: \(([^)]+)\))?/g)].flatMap(([, privilege = '', columns]) =>
        columns === undefined
          ? [`${privilege} ON TABLE ${table} TO ${ROLES[process]}`]
          : columns.split(', ').map((column) => `${privilege} (${column}) ON TABLE ${table} TO ${ROLES[process]}`),
      ),
    ),
  );
  const functions = Object.entries(FUNCTION_CALLERS).flatMap(([name, callers]) =>
    callers.map((process) => `EXECUTE ON FUNCTION ${name} TO ${ROLES[process]}`),
  );
  return [...tables, ...functions];
}

const GRANTED = `
  WITH granted AS (
    SELECT 'TABLE ' || c.relname AS object, x.grantee, x.privilege_type AS privilege
      FROM pg_class c, aclexplode(c.relacl) x WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'TABLE ' || c.relname, x.grantee, x.privilege_type || ' (' || a.attname || ')'
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x
      WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'FUNCTION ' || p.proname, x.grantee, x.privilege_type
      FROM pg_proc p, aclexplode(p.proacl) x WHERE p.pronamespace = 'public'::regnamespace)
  SELECT privilege || ' ON ' || object || ' TO ' || r.rolname AS grant
    FROM granted JOIN pg_roles r ON r.oid = granted.grantee
    WHERE r.rolname IN ('${GATEWAY_ROLE}', '${API_ROLE}')`;

const PRESENT = `
  SELECT 'TABLE ' || relname AS object FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
  UNION ALL SELECT 'FUNCTION ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`;

/** Policies say which rows, for all who act for tenants; which of the tables is said by the grants alone. */
const POLICIES = `
  SELECT format('ALTER POLICY %I ON %I TO ${APPLICATION_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}', policyname, tablename) AS sql
    FROM pg_policies WHERE schemaname = 'public' AND '${APPLICATION_ROLE}' = ANY (roles)
      AND NOT roles @> ARRAY['${GATEWAY_ROLE}', '${API_ROLE}']::name[]`;

/**
 * Makes the privileges in the database those declared here, whatever migrations came in between. Changes nothing where
 * nothing differs, as at nearly every start. Each policy by itself: it locks its table, and no second one meanwhile.
 */
export async function applyGrants(queryRunner: QueryRunner): Promise<void> {
  const read = async <T>(sql: string): Promise<T[]> => (await queryRunner.query(sql)) as T[];
  const roles = await read(`SELECT FROM pg_roles WHERE rolname IN ('${GATEWAY_ROLE}', '${API_ROLE}')`);
  // A database of before the migration that makes them.
  if (roles.length < 2) return;
  for (const { sql } of await read<{ sql: string }>(POLICIES)) await queryRunner.query(sql);
  const present = new Set((await read<{ object: string }>(PRESENT)).map(({ object }) => object));
  const wanted = new Set(declaredGrants().filter((grant) => present.has(/ ON (\w+ \w+) TO /.exec(grant)?.[1] ?? '')));
  const excess = [...(await grantsIn(read))].filter((grant) => !wanted.has(grant));
  if (excess.length > 0) {
    await queryRunner.query(excess.map((grant) => `REVOKE ${grant.replace(' TO ', ' FROM ')}`).join('; '));
  }
  // Read again: revoking a privilege on a table revokes it on its columns too.
  const granted = await grantsIn(read);
  const missing = [...wanted].filter((grant) => !granted.has(grant));
  if (missing.length > 0) await queryRunner.query(missing.map((grant) => `GRANT ${grant}`).join('; '));
}

async function grantsIn(read: (sql: string) => Promise<{ grant: string }[]>): Promise<ReadonlySet<string>> {
  return new Set((await read(GRANTED)).map(({ grant }) => grant));
}
