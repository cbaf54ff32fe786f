import { randomBytes, randomUUID } from 'node:crypto';

import { canonicalAuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { insertInstance, ordinaryOwner, sampleAudit, startTestPostgres, type TestDatabase } from '@lib/testing';
import { Client } from 'pg';

import { declaredGrants, FUNCTION_CALLERS, TABLE_RIGHTS } from '../../../../migrations/grants';
import { createDataSource, type DatabaseRole, ROLE_NAMES } from './data-source';
import { type DatabaseLogin, excessPowers, handOverDatabase, LoginsNotProvided, provideLogins } from './logins';
import { revertLastMigration, runMigrations } from './migrate';

jest.setTimeout(120_000);

const BOTH: readonly DatabaseRole[] = ['gateway', 'api'];
const drawn = (prefix: string): DatabaseLogin => ({
  user: `${prefix}_${randomUUID().replaceAll('-', '')}`,
  password: randomBytes(16).toString('hex'),
});

interface Names {
  readonly owner: string;
  readonly other: string;
  readonly me: string;
  readonly foreign: string;
}

/** As `npm start` makes them: on a server that serves nothing else, handed over to an owner who is no superuser. */
describe('the logins of the processes', () => {
  let database: TestDatabase;
  let admin: Client;
  let owner: DatabaseLogin;
  let mine: InstanceId;
  let foreign: InstanceId;
  const logins = { gateway: drawn('gateway'), api: drawn('api') };
  const sessions: Client[] = [];

  const login = async (who: DatabaseLogin): Promise<Client> => {
    const client = new Client({ ...database.connection, ...who });
    client.on('error', () => undefined);
    await client.connect();
    sessions.push(client);
    return client;
  };
  const as = async (role: DatabaseRole, tenant?: InstanceId): Promise<Client> => {
    const client = await login(logins[role]);
    if (tenant !== undefined) await client.query(`SELECT set_config('app.instance_id', $1, false)`, [tenant]);
    return client;
  };

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    owner = drawn('owner');
    await handOverDatabase(database.connection, owner);
    const asOwner = { ...database.connection, ...owner };
    expect(await runMigrations(asOwner)).toEqual([]);
    await provideLogins(asOwner, logins);
    mine = await insertInstance(admin);
    foreign = await insertInstance(admin);
    for (const id of [mine, foreign]) {
      await admin.query(`SELECT set_config('app.instance_id', $1, false)`, [id]);
      await admin.query('SELECT append_audit($1, $2)', [id, [canonicalAuditEvent(sampleAudit(id))]]);
    }
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.end();
  });
  afterAll(() => database.close());

  describe('may do', () => {
    const granted = async (): Promise<string[]> => {
      const { rows } = await admin.query<{ grant: string }>(`
        SELECT privilege_type || ' ON TABLE ' || table_name || ' TO ' || grantee AS grant
          FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee LIKE 'kmip%'
        UNION SELECT c.privilege_type || ' (' || c.column_name || ') ON TABLE ' || c.table_name || ' TO ' || c.grantee
          FROM information_schema.role_column_grants c WHERE c.table_schema = 'public' AND c.grantee LIKE 'kmip%'
            AND NOT EXISTS (SELECT FROM information_schema.role_table_grants t WHERE t.table_name = c.table_name
              AND t.grantee = c.grantee AND t.privilege_type = c.privilege_type)
        UNION SELECT 'EXECUTE ON FUNCTION ' || routine_name || ' TO ' || grantee
          FROM information_schema.role_routine_grants WHERE routine_schema = 'public' AND grantee LIKE 'kmip%'`);
      return rows.map(({ grant }) => grant).filter((grant) => / TO kmip_(gateway|api)$/.test(grant));
    };

    it('what is declared, and nothing else', async () => {
      expect((await granted()).sort()).toEqual([...declaredGrants()].sort());
    });

    it('nothing that nobody has decided: every table and function is declared', async () => {
      const names = async (sql: string): Promise<string[]> =>
        (await admin.query<{ name: string }>(sql)).rows.map(({ name }) => name);
      const tables = `SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition`;
      expect((await names(tables)).sort()).toEqual(Object.keys(TABLE_RIGHTS).sort());
      const functions = `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace`;
      expect((await names(functions)).sort()).toEqual(Object.keys(FUNCTION_CALLERS).sort());
    });

    it('what is declared again after somebody changed it, with nothing to do the next time', async () => {
      await admin.query(`GRANT ALL ON audit_events TO kmip_gateway; REVOKE SELECT ON credentials FROM kmip_gateway;
        GRANT UPDATE ON instances TO kmip_gateway; GRANT EXECUTE ON FUNCTION measure_usage(date) TO kmip_gateway`);
      await runMigrations({ ...database.connection, ...owner });
      expect((await granted()).sort()).toEqual([...declaredGrants()].sort());
      const before = await admin.query('SELECT xmin::text, relname FROM pg_class ORDER BY relname');
      await runMigrations({ ...database.connection, ...owner });
      const after = await admin.query('SELECT xmin::text, relname FROM pg_class ORDER BY relname');
      expect(after.rows).toEqual(before.rows);
    });
  });

  describe('as an attacker who has one', () => {
    it.each(BOTH)('the %s has no power of its own, and its process says so', async (role) => {
      const connection = { ...database.connection, ...logins[role] };
      const dataSource = createDataSource(connection, { applicationName: 'test', role });
      await dataSource.initialize();
      expect(await excessPowers(dataSource, role)).toEqual([]);
      await dataSource.destroy();
      const strong = createDataSource(database.connection, { applicationName: 'test', role });
      await strong.initialize();
      expect(await excessPowers(strong, role)).toContain('is a superuser');
      await strong.destroy();
    });

    const denied = /permission denied|must be (owner|superuser|able)|not allowed|may not|no schema has been selected/i;

    it.each<[string, (names: Names) => string, RegExp?]>([
      ['becomes the owner', ({ owner: name }) => `SET ROLE ${name}`],
      ['becomes the administrator', () => 'SET ROLE kms'],
      ['becomes the other process', ({ other }) => `SET ROLE ${other}`],
      ['becomes what the release before acted as', () => 'SET ROLE kmip_app'],
      ['becomes what looks across tenants', () => 'SET ROLE kmip_directory'],
      ['becomes what writes audit', () => 'SET ROLE kmip_audit'],
      ['starts anew as another', ({ owner: name }) => `SET SESSION AUTHORIZATION ${name}`],
      ['makes a role', () => 'CREATE ROLE helper SUPERUSER'],
      ['makes itself strong', ({ me }) => `ALTER ROLE ${me} BYPASSRLS`],
      ['takes on a role for good', ({ me }) => `GRANT kmip_directory TO ${me}`],
      [
        'forges a record',
        ({ foreign: id }) => `INSERT INTO audit_records SELECT '${id}', 99, now(), 202601, 0, 2, false, '', '', ''`,
      ],
      ['forges an old record', ({ foreign: id }) => `INSERT INTO audit_events (instance_id, seq) VALUES ('${id}', 99)`],
      ['rewrites a record', () => `UPDATE audit_records SET packed = 'x'`],
      ['rewrites an old record', () => `UPDATE audit_events SET event = 'x'`],
      ['deletes records of a month', () => 'DELETE FROM audit_records_default'],
      ['reads the records of all tenants past their policy', () => 'SELECT FROM audit_records_default'],
      ['lets go of a month', () => 'ALTER TABLE audit_records DETACH PARTITION audit_records_default'],
      ['drops a month', () => 'DROP TABLE audit_records_default'],
      ['deletes records', () => 'DELETE FROM audit_records'],
      ['deletes old records', () => 'DELETE FROM audit_events'],
      ['empties the trail', () => 'TRUNCATE audit_records'],
      ['rewrites a signed head', () => `UPDATE audit_signed_heads SET jws = 'x'`],
      ['deletes signed heads', () => 'DELETE FROM audit_signed_heads'],
      ['empties the signed heads', () => 'TRUNCATE audit_signed_heads'],
      [
        'keeps a signed head for another tenant',
        ({ foreign: id }) => `INSERT INTO audit_signed_heads VALUES ('${id}', 1, now(), '', 'x')`,
        /permission denied|row-level security/,
      ],
      ['moves the head of a chain', () => 'UPDATE audit_chain_heads SET seq = 0'],
      ['deletes the head of a chain', () => 'DELETE FROM audit_chain_heads'],
      ['locks the head of a chain', () => 'SELECT FROM audit_chain_heads FOR UPDATE'],
      ['reads what no tenant owns', () => 'SELECT * FROM connection_attempts'],
      ['switches row-level security off', () => 'ALTER TABLE managed_objects DISABLE ROW LEVEL SECURITY'],
      ['adds a policy', () => 'CREATE POLICY mine ON managed_objects USING (true)'],
      ['alters a table', () => 'ALTER TABLE instances ADD COLUMN x int'],
      ['drops a table', () => 'DROP TABLE leases'],
      ['makes a table', () => 'CREATE TABLE public.helper (x int)'],
      ['makes a function', () => `CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
      ['makes a schema', () => 'CREATE SCHEMA helper'],
      ['makes an extension', () => 'CREATE EXTENSION dblink', /permission denied|not available/],
      ['makes a trigger', () => 'CREATE TRIGGER t BEFORE INSERT ON audit_records EXECUTE FUNCTION fill_sort_name()'],
      [
        'replaces a function',
        () => `CREATE OR REPLACE FUNCTION measure_usage(p_day date) RETURNS void LANGUAGE sql AS ''`,
      ],
      ['takes a function over', () => 'ALTER FUNCTION append_audit SECURITY INVOKER'],
      ['shadows by a temporary table', () => 'CREATE TEMP TABLE audit_chain_heads (instance_id uuid)'],
      [
        'shadows by a temporary function',
        () => `CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS ''`,
      ],
      ['reads a file of the server', () => `SELECT pg_read_file('postgresql.conf')`],
      ['copies a file in', () => `COPY leases FROM '/etc/passwd'`],
      ['runs a program', () => `COPY leases TO PROGRAM 'id'`],
      ['makes a large object', () => `SELECT lo_from_bytea(0, '\\x00')`],
      ['reads a file as a large object', () => `SELECT lo_import('/etc/passwd')`],
      ['connects out', () => `SELECT dblink('dbname=kms', 'SELECT 1')`, /function dblink.* does not exist/],
      [
        'gives away what others make',
        ({ owner: name }) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${name} GRANT ALL ON TABLES TO PUBLIC`,
      ],
      ['changes the server', () => `ALTER SYSTEM SET fsync = off`],
      ['acts as a replica', () => 'SET session_replication_role = replica'],
      [
        'says it does not want row-level security',
        () => 'SET row_security = off; SELECT * FROM managed_objects',
        /would be affected by row-level security/,
      ],
      ['changes how others connect', () => 'ALTER DATABASE CURRENT SET search_path = pg_temp'],
      ['reads the passwords', () => 'SELECT * FROM pg_authid'],
      [
        'ends a session of others',
        () => 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename NOT IN (session_user)',
      ],
      ['reads the list of migrations', () => 'SELECT * FROM migrations'],
    ])('none of them %s', async (_what, attack, refusal = denied) => {
      const before = await admin.query('SELECT * FROM audit_records ORDER BY instance_id, seq');
      for (const role of BOTH) {
        const session = await as(role, mine);
        const names = {
          owner: owner.user,
          other: ROLE_NAMES[role === 'gateway' ? 'api' : 'gateway'],
          me: logins[role].user,
          foreign,
        };
        const sql = attack(names).replace('DATABASE CURRENT', `DATABASE ${database.connection.database}`);
        await expect(session.query(sql)).rejects.toThrow(refusal);
      }
      expect((await admin.query('SELECT * FROM audit_records ORDER BY instance_id, seq')).rows).toEqual(before.rows);
    });

    it.each(BOTH)('RESET ROLE leaves the %s what it is', async (role) => {
      const session = await as(role);
      for (const sql of [
        'RESET ROLE',
        'SET ROLE NONE',
        `SET ROLE ${ROLE_NAMES[role]}`,
        'RESET SESSION AUTHORIZATION',
      ]) {
        await session.query(sql);
        await expect(session.query('DELETE FROM audit_records')).rejects.toThrow(denied);
        await expect(session.query('CREATE TABLE public.helper (x int)')).rejects.toThrow(denied);
      }
    });

    it.each<[string, string]>([
      [
        'makes instances',
        `INSERT INTO instances SELECT gen_random_uuid(), 'c', '', '', '', 'installed', true, '', 1, now(), now(), 1`,
      ],
      ['enables an instance', 'UPDATE instances SET enabled = true'],
      ['raises its quota', 'UPDATE instances SET maximum_keys = 1000000'],
      ['removes an instance', 'DELETE FROM instances'],
      [
        'registers a certificate',
        'INSERT INTO client_certificates (instance_id, id) VALUES (gen_random_uuid(), gen_random_uuid())',
      ],
      ['replaces an API key', `UPDATE credentials SET sealed_api_key = ''`],
      ['takes an API key away', 'DELETE FROM credentials'],
      ['issues a KMIP password', 'SELECT * FROM kmip_credentials'],
      ['makes a claim', 'SELECT * FROM certificate_claims'],
      ['reads the trail of a tenant', 'SELECT * FROM audit_records'],
      ['reads the old trail of a tenant', 'SELECT * FROM audit_events'],
      ['makes tables', 'SELECT prepare_audit_months()'],
      ['reads signed heads', 'SELECT * FROM audit_signed_heads'],
      [
        'adds a signed head',
        `INSERT INTO audit_signed_heads SELECT current_setting('app.instance_id')::uuid, 1, now(), '', 'x'`,
      ],
      ['looks for unsigned trails', 'SELECT * FROM directory_unsigned_chains(NULL, 1)'],
      ['lists instances of all tenants', 'SELECT * FROM directory_whole_instances(NULL, NULL, 1)'],
      ['reads orders of the catalog', 'SELECT * FROM catalog_instances'],
      ['reads operations', 'SELECT * FROM catalog_operations'],
      ['changes what is billed', `UPDATE metering_records SET live_keys = 0`],
      ['looks for billing across tenants', 'SELECT * FROM directory_pending_usage(now(), 1)'],
      ['forgets who knocked', 'SELECT prune_connection_attempts(now(), 0)'],
    ])('the gateway does nothing that only the API does: it never %s', async (_what, sql) => {
      const session = await as('gateway', mine);
      await expect(session.query(sql)).rejects.toThrow(denied);
    });

    it.each(BOTH)('the %s sees no tenant without naming it, and one at a time', async (role) => {
      const nobody = await as(role);
      for (const [table, rights] of Object.entries(TABLE_RIGHTS)) {
        if (!(rights[role] ?? '').includes('SELECT')) continue;
        const { rows } = await admin.query<{ tenant: boolean }>(
          'SELECT relrowsecurity AS tenant FROM pg_class WHERE relname = $1',
          [table],
        );
        if (rows[0]?.tenant === true) expect((await nobody.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
      }
      const session = await as(role, mine);
      expect((await session.query('SELECT id FROM instances')).rows).toEqual([{ id: mine }]);
      // Who serves all tenants can name another one, and then has left the first: docs/adr/0073.
      await session.query(`SELECT set_config('app.instance_id', $1, false)`, [foreign]);
      expect((await session.query('SELECT id FROM instances')).rows).toEqual([{ id: foreign }]);
      await session.query(`SELECT set_config('app.instance_id', $1, false)`, [`${mine}' OR true --`]);
      await expect(session.query('SELECT id FROM instances')).rejects.toThrow(/uuid/);
    });

    it.each(BOTH)('the %s appends to the chain it has named, and to no other', async (role) => {
      const session = await as(role, mine);
      const forged = [canonicalAuditEvent(sampleAudit(foreign))];
      await expect(session.query('SELECT append_audit($1, $2)', [foreign, forged])).rejects.toThrow(
        /row-level security/,
      );
      const seen = await admin.query('SELECT seq FROM audit_records WHERE instance_id = $1', [foreign]);
      expect(seen.rows).toEqual([{ seq: '1' }]);
      const own = [canonicalAuditEvent(sampleAudit(mine))];
      const { rows } = await session.query<{ last_seq: string; last_hash: Buffer }>(
        'SELECT * FROM append_audit($1, $2)',
        [mine, own],
      );
      const held = await session.query('SELECT audit_holds($1, $2, $3) AS held, audit_holds($1, $2, $4) AS other', [
        mine,
        rows[0]?.last_seq,
        rows[0]?.last_hash,
        Buffer.alloc(32),
      ]);
      expect(held.rows).toEqual([{ held: true, other: false }]);
    });
  });

  it('run functions of others on a path that ends with what is temporary, called by who is named', async () => {
    const { rows } = await admin.query<{ name: string; path: string[] | null; owner: string; everybody: boolean }>(
      `SELECT proname AS name, proconfig AS path, proowner::regrole::text AS owner,
          proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) x WHERE x.grantee = 0) AS everybody
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef`,
    );
    expect(rows.length).toBeGreaterThan(20);
    const strange = rows.filter(
      ({ name, path, owner: by, everybody }) =>
        path?.includes('search_path=pg_catalog, public, pg_temp') !== true ||
        // It makes tables, which an owner alone may; callers have no say in which.
        !['kmip_directory', 'kmip_audit', ...(name === 'prepare_audit_months' ? [owner.user] : [])].includes(by) ||
        everybody,
    );
    expect(strange).toEqual([]);
  });

  it('belong to an owner who is no superuser, and owns what was there before', async () => {
    const { rows } = await admin.query<{ owner: string }>(
      `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')`,
    );
    expect(rows).toEqual([{ owner: owner.user }]);
    const { rows: facts } = await admin.query('SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = $1', [
      owner.user,
    ]);
    expect(facts).toEqual([{ rolsuper: false, rolbypassrls: false }]);
    await revertLastMigration({ ...database.connection, ...owner });
    expect(await runMigrations({ ...database.connection, ...owner })).toHaveLength(1);
    await handOverDatabase(database.connection, owner);
    await provideLogins({ ...database.connection, ...owner }, logins);
    const session = await as('gateway', mine);
    expect((await session.query('SELECT id FROM instances')).rows).toEqual([{ id: mine }]);
  });
});

describe('logins on a server of somebody else', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await startTestPostgres({ migrated: false });
  });
  afterEach(() => database.close());

  it('are made by an owner who may make roles', async () => {
    const owner = await ordinaryOwner(database, 'CREATEROLE');
    await runMigrations(owner);
    const gateway = drawn('gateway');
    await provideLogins(owner, { gateway });
    await provideLogins(owner, { gateway: { ...gateway, password: 'changed' } });
    await expect(provideLogins(owner, { api: { user: 'kmip_api', password: 'x' } })).rejects.toThrow(LoginsNotProvided);
    const client = new Client({ ...database.connection, ...gateway, password: 'changed' });
    await client.connect();
    expect((await client.query('SELECT count(*)::int AS seen FROM instances')).rows).toEqual([{ seen: 0 }]);
    await client.end();
  });

  it('are asked of an administrator by an owner who may not, and the gateway works with the owner’s meanwhile', async () => {
    const owner = await ordinaryOwner(database, 'NOCREATEROLE');
    await runMigrations(owner);
    await expect(provideLogins(owner, { gateway: drawn('gateway') })).rejects.toThrow(LoginsNotProvided);
    const dataSource = createDataSource(owner, { applicationName: 'test', role: 'gateway' });
    await dataSource.initialize();
    const powers = await excessPowers(dataSource, 'gateway');
    expect(powers).toContain('owns the catalog');
    await expect(dataSource.query('DELETE FROM audit_records')).rejects.toThrow('permission denied');
    await dataSource.destroy();
  });
});
