import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { migrations } from '../../../../migrations';
import { revertLastMigration, runMigrations, schemaDrift } from './migrate';

jest.setTimeout(60_000);

const names = migrations.map(({ name }) => name);

describe('schema', () => {
  let database: TestDatabase;

  describe('of a migrated database', () => {
    beforeAll(async () => {
      database = await startTestPostgres();
    });
    afterAll(() => database.close());

    it('is what the entities say', async () => {
      expect(await schemaDrift(database.connection)).toEqual([]);
    });

    it('guards every table with a tenant column by forced row-level security', async () => {
      const admin = await database.openAdmin();
      const { rows } = await admin.query<{ name: string; guarded: boolean; policies: number }>(`
        SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS guarded,
          (SELECT count(*)::int FROM pg_policies p
            WHERE p.tablename = c.relname AND 'kmip_app' = ANY (p.roles) AND p.qual LIKE '%app.instance_id%'
              AND p.with_check LIKE '%app.instance_id%') AS policies
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND (c.relname = 'instances' OR EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('instance_id', 'tenant_id')))`);
      expect(rows.length).toBeGreaterThanOrEqual(11);
      expect(rows.filter(({ guarded, policies }) => !guarded || policies !== 1)).toEqual([]);
    });

    it('lets the application read and add audit records, and no more', async () => {
      const admin = await database.openAdmin();
      const { rows } = await admin.query<{ privilege: string }>(
        `SELECT privilege_type AS privilege FROM information_schema.role_table_grants
          WHERE grantee = 'kmip_app' AND table_name = 'audit_events' ORDER BY 1`,
      );
      expect(rows.map(({ privilege }) => privilege)).toEqual(['INSERT', 'SELECT']);
      await admin.query('SET ROLE kmip_app');
      for (const table of ['audit_events', 'audit_records', 'audit_records_default']) {
        for (const sql of [`UPDATE ${table} SET seq = seq`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
          await expect(admin.query(sql)).rejects.toThrow('permission denied');
        }
      }
    });

    it('leads every key and index of tenant tables with the instance', async () => {
      const admin = await database.openAdmin();
      const { rows } = await admin.query<{ index: string }>(`
        SELECT i.relname AS index FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_attribute first ON first.attrelid = x.indrelid AND first.attnum = x.indkey[0]
        WHERE x.indrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'instance_id')
          AND i.relnamespace = 'public'::regnamespace AND first.attname <> 'instance_id' ORDER BY 1`);
      // One finds who else registers a certificate, the other is the poll of every process for what changed in the region.
      expect(rows.map(({ index }) => index)).toEqual([
        'ix_certificate_standings_fingerprint',
        'ix_invalidation_versions_changed',
      ]);
    });
  });

  describe('of an empty database', () => {
    beforeEach(async () => {
      database = await startTestPostgres({ migrated: false });
    });
    afterEach(() => database.close());

    it('goes up, down to nothing, and up again', async () => {
      expect(await runMigrations(database.connection)).toEqual(names);
      for (let left = names.length; left > 0; left -= 1) await revertLastMigration(database.connection);
      const admin = await database.openAdmin();
      const { rows } = await admin.query(`
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'migrations'
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`);
      expect(rows).toEqual([]);
      expect(await runMigrations(database.connection)).toEqual(names);
      expect(await runMigrations(database.connection)).toEqual([]);
    });

    it('is made once when several processes start together', async () => {
      const ran = await Promise.all([1, 2, 3].map(() => runMigrations(database.connection)));
      expect(ran.flat()).toEqual(names);
    });
  });
});
