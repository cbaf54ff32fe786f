import { ordinaryOwner, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import { type DatabaseConnection } from './connection';
import { revertLastMigration, runMigrations } from './migrate';

jest.setTimeout(120_000);

const NAME = 'CertificateStandings1765100000000';

/** Row-level security binds an ordinary owner, who migrates, as well: it must not make the migration see nothing. */
describe.each(['SUPERUSER', 'CREATEROLE'])(
  'what is registered when certificates become shared, migrated by a %s',
  (right) => {
    let database: TestDatabase;
    let admin: Client;
    let connection: DatabaseConnection;
    /** The migration and those after it. */
    let ran: readonly string[] = [];

    beforeAll(async () => {
      database = await startTestPostgres({ migrated: false });
      admin = await database.openAdmin();
      connection = await ordinaryOwner(database, right);
      const all = await runMigrations(connection);
      ran = all.slice(all.indexOf(NAME));
      for (let left = ran.length; left > 0; left -= 1) await revertLastMigration(connection);
      await fill();
      expect(await runMigrations(connection)).toEqual(ran);
    });

    afterAll(() => database.close());

    async function fill(): Promise<void> {
      await admin.query(
        `INSERT INTO instances (id, crn, name, account_id, region, state, enabled, maximum_keys, created_at, updated_at, revision)
        SELECT md5(n)::uuid, 'crn:' || n, n, 'account of ' || n, 'eu-de', 'installed', true, 10, now(), now(), 1
        FROM unnest(ARRAY['idle', 'keys', 'seen', 'made', 'posing']) n`,
      );
      await admin.query(
        `INSERT INTO client_certificates SELECT id, gen_random_uuid(), name, name, name, 'pem', 'CN=vc',
          CASE name WHEN 'made' THEN 'CN=KMIP for VMware clients eu-de' WHEN 'posing' THEN 'CN=KMIP for VMware clients x'
            ELSE 'CN=vc' END,
          '1', now(), now() + interval '1 day', 'rsa-2048', '2026-01-02', now(), 1
        FROM instances`,
      );
      await admin.query(
        `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
          cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, digest, fresh, created_by)
        VALUES (md5('keys')::uuid, gen_random_uuid(), 2, 'Active', false, 3, 256, 12, now(), now(), '', false, 'keys')`,
      );
      await admin.query(
        `INSERT INTO connection_attempts (id, likeness, verdict, address, endpoint, fingerprint_sha256, allowed_by,
          occurrences, first_at, last_at)
        VALUES (gen_random_uuid(), '', 'accepted', '192.0.2.1', 'kmip-1', 'seen', md5('seen')::uuid, 1, now(), now())`,
      );
    }

    it('has a standing that says what it was', async () => {
      const { rows } = await admin.query(
        `SELECT fingerprint_sha256 AS name, account_id, registered_at::date::text AS registered, issued, proof,
          established_at IS NOT NULL AS established, removed_at
        FROM certificate_standings ORDER BY 1`,
      );
      const standing = (name: string, changes: object = {}) => ({
        name,
        account_id: `account of ${name}`,
        registered: '2026-01-02',
        issued: false,
        proof: null,
        established: false,
        removed_at: null,
        ...changes,
      });
      expect(rows).toEqual([
        standing('idle'),
        standing('keys', { established: true }),
        standing('made', { issued: true, proof: 'issued' }),
        standing('posing'),
        standing('seen', { established: true }),
      ]);
    });

    it('can be taken back, and comes back as it was', async () => {
      const { rows: before } = await admin.query('SELECT * FROM client_certificates ORDER BY name');
      for (let left = ran.length; left > 0; left -= 1) await revertLastMigration(connection);
      expect((await admin.query(`SELECT FROM pg_class WHERE relname = 'certificate_standings'`)).rowCount).toBe(0);
      expect(await runMigrations(connection)).toEqual(ran);
      expect((await admin.query('SELECT * FROM client_certificates ORDER BY name')).rows).toEqual(before);
      expect((await admin.query('SELECT FROM certificate_standings')).rowCount).toBe(5);
    });

    it('is still guarded from its owner', async () => {
      const { rows } = await admin.query(
        `SELECT relname FROM pg_class WHERE relname IN ('instances', 'client_certificates', 'managed_objects',
        'certificate_standings', 'kmip_credentials') AND NOT relforcerowsecurity`,
      );
      expect(rows).toEqual([]);
    });
  },
);
