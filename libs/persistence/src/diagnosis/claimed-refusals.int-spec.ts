import { insertInstance, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

const STRANGERS = 20_000;
const CLAIMS = 50;

describe('refusals that fit claims', () => {
  let database: TestDatabase;
  let admin: Client;
  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
  });
  afterAll(() => database.close());

  it('are found without reading every stranger once for each claim', async () => {
    const instanceId = await insertInstance(admin);
    await admin.query(
      `INSERT INTO connection_attempts (id, likeness, verdict, address, endpoint, subject, occurrences, first_at, last_at)
        SELECT gen_random_uuid(), sha256(n::text::bytea), 'unknown_certificate', '10.0.0.0'::inet + n, 'kmip-1', 'CN=' || n,
          2, now(), now() FROM generate_series(1, $1::int) n`,
      [STRANGERS],
    );
    await admin.query(
      `INSERT INTO certificate_claims (instance_id, id, kind, value, created_at)
        SELECT $1, gen_random_uuid(), 'address_range', network(set_masklen('10.0.0.0'::inet + n * 16, 28))::text, now()
          FROM generate_series(1, $2::int) n`,
      [instanceId, CLAIMS],
    );
    await admin.query('ANALYZE connection_attempts, certificate_claims');
    await admin.query('BEGIN');
    await admin.query(`SELECT set_config('app.instance_id', $1, true)`, [instanceId]);
    const { rows } = await admin.query<{ occurrences: string }>('SELECT occurrences FROM claimed_refusals(NULL)');
    const { rows: read } = await admin.query<{ tuples: number }>(
      `SELECT pg_stat_get_xact_tuples_returned('connection_attempts'::regclass)::int AS tuples`,
    );
    await admin.query('ROLLBACK');
    expect(rows.map(({ occurrences }) => occurrences)).toStrictEqual(Array<string>(CLAIMS).fill('32'));
    // Fingerprints and subjects are compared in one pass each.
    expect(read[0]?.tuples).toBeLessThanOrEqual(4 * STRANGERS);
  });
});
