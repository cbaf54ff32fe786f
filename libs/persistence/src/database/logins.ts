import { Client } from 'pg';
import { type DataSource } from 'typeorm';

import { clientConfig, type DatabaseConnection } from './connection';
import { type DatabaseRole, ROLE_NAMES } from './data-source';
import { sqlState } from './persistence.error';
import { scramVerifier } from './scram-verifier';

/** A name and a password that a process connects with. */
export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
}

/** The database user may not make logins, or the name is not for one. */
export class LoginsNotProvided extends Error {
  override readonly name = 'LoginsNotProvided';
}

const INSUFFICIENT_PRIVILEGE = '42501';
const POWERLESS = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';

/**
 * Makes the logins of the processes, each with the rights of its role and no other, or gives those that are there their
 * password again. As the owner of the database, who must be allowed to make roles; after the migrations.
 * @throws LoginsNotProvided
 */
export async function provideLogins(
  owner: DatabaseConnection,
  logins: Readonly<Partial<Record<DatabaseRole, DatabaseLogin>>>,
): Promise<void> {
  await withClient(owner, async (client) => {
    // As the migrations: two processes of one region may start at once.
    await client.query('SELECT pg_advisory_lock(815, 1)');
    for (const [role, login] of Object.entries(logins)) {
      if (Object.values(ROLE_NAMES).includes(login.user)) {
        throw new LoginsNotProvided(`"${login.user}" is a role for logins to be members of; name the login otherwise`);
      }
      await explained(login.user, async () => {
        await makeLogin(client, login);
        await client.query(`GRANT ${ROLE_NAMES[role as DatabaseRole]} TO ${client.escapeIdentifier(login.user)}`);
      });
    }
  });
}

/**
 * Hands a database over from a superuser to an owner who is none, with what is in it: for a server that serves nothing
 * else. Also takes from everybody there what no process of the product needs. Can be done again.
 */
export async function handOverDatabase(administrator: DatabaseConnection, owner: DatabaseLogin): Promise<void> {
  await withClient(administrator, async (client) => {
    await client.query('SELECT pg_advisory_lock(815, 1)');
    await makeLogin(client, owner, 'CREATEROLE');
    const name = client.escapeIdentifier(owner.user);
    for (const statement of await ownershipOf(client, name)) await client.query(statement);
    for (const statement of CLOSED) await client.query(statement);
  });
}

/** Ways to fill a disk or to put something in others' way that every login of a server has by default. */
const CLOSED = [
  `DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$`,
  'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC',
  'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
  ...['lo_create(oid)', 'lo_creat(integer)', 'lo_from_bytea(oid, bytea)', 'lo_open(oid, integer)'].map(
    (signature) => `REVOKE EXECUTE ON FUNCTION pg_catalog.${signature} FROM PUBLIC`,
  ),
];

async function makeLogin(client: Client, { user, password }: DatabaseLogin, wish = ''): Promise<void> {
  const name = client.escapeIdentifier(user);
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  // An existing login keeps its attributes where the owner may not even name them.
  const attributes = verb === 'CREATE' ? POWERLESS.replace(/NOCREATEROLE/, wish === '' ? '$&' : wish) : 'LOGIN';
  await client.query(`${verb} ROLE ${name} ${attributes} PASSWORD '${scramVerifier(password)}'`);
}

/** Everything of the product that belongs to the superuser, and membership in the roles of the product that are there. */
async function ownershipOf(client: Client, owner: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ sql: string }>(
    `SELECT format('ALTER DATABASE %I OWNER TO ', current_database()) || $1 AS sql
      UNION ALL
      SELECT format('ALTER %s %I OWNER TO ', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
          relname) || $1 FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner = current_user::regrole
          AND (relkind <> 'S' OR NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
      UNION ALL
      SELECT 'ALTER FUNCTION ' || oid::regprocedure::text || ' OWNER TO ' || $1 FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
      UNION ALL
      SELECT format('GRANT %I TO ', rolname) || $1 || ' WITH ADMIN OPTION' FROM pg_roles
        WHERE rolname IN ('kmip_app', 'kmip_directory', 'kmip_audit', 'kmip_gateway', 'kmip_api')`,
    [owner],
  );
  return rows.map(({ sql }) => sql);
}

/** What the login of a pool can do beyond its role, in words; empty as it should be. */
export async function excessPowers(dataSource: DataSource, role: DatabaseRole): Promise<readonly string[]> {
  const rows: { power: string }[] = await dataSource.query(
    `WITH me AS (SELECT * FROM pg_roles WHERE rolname = session_user)
      SELECT 'is a superuser' AS power FROM me WHERE rolsuper
      UNION ALL SELECT 'makes roles' FROM me WHERE rolcreaterole
      UNION ALL SELECT 'passes row-level security by' FROM me WHERE rolbypassrls
      UNION ALL SELECT 'takes on the role ' || r.rolname FROM pg_roles r, me
        WHERE NOT me.rolsuper AND r.rolname NOT IN (session_user, $1) AND pg_has_role(session_user, r.oid, 'MEMBER')
      UNION ALL SELECT 'owns the catalog' FROM pg_class
        WHERE relname = 'managed_objects' AND relnamespace = 'public'::regnamespace AND relowner = session_user::regrole`,
    [ROLE_NAMES[role]],
  );
  return rows.map(({ power }) => power);
}

async function explained(user: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (sqlState(cause) !== INSUFFICIENT_PRIVILEGE) throw cause;
    throw new LoginsNotProvided(
      `the owner of the database may not make the login "${user}": let it have CREATEROLE, or have an administrator ` +
        'make the logins (docs/operations.md, "Logins of the database")',
      { cause },
    );
  }
}

async function withClient(connection: DatabaseConnection, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(clientConfig(connection, 'kmip-logins'));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
