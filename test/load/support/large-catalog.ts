import { type Client } from 'pg';

export interface CatalogSize {
  readonly instances: number;
  readonly certificatesPerInstance: number;
  /** All in one instance. */
  readonly keys: number;
}

/** The instance that has all the keys. */
export const LARGE_INSTANCE = '00000000-0000-4000-8000-000000000001';
export const CREATORS = ['aa'.repeat(32), 'bb'.repeat(32)] as const;
/** Key number n was created n seconds after this. */
export const FIRST_CREATED = new Date('2026-01-01T00:00:00Z');

const uuid = (prefix: string, number: string): string => `(lpad('${prefix}', 8, '0') || '-0000-4000-8000-' ||
  lpad(to_hex(${number}), 12, '0'))::uuid`;

/** As `hashOf` in the catalog does it. */
const textHash = (value: string, tag = '0'): string =>
  `sha256(convert_to('[${tag},["TextString","' || ${value} || '"]]', 'UTF8'))`;

const NAME_VALUE_TAG = '4325461';

/** Identifier of key number `n`: spread over the index like random ones, but known. */
const keyId = (n: string): string => `md5('key ' || ${n})::uuid`;

const instances = (count: number): string => `
  INSERT INTO instances (id, crn, name, account_id, region, state, enabled, maximum_keys, created_at, updated_at, revision)
  SELECT ${uuid('', 'n')}, 'crn ' || n, 'instance ' || n, 'account ' || n % 1000, 'region', 'installed', true,
    2000000, now(), now(), 1 FROM generate_series(1, ${count}) n`;

const certificates = (count: number, each: number): string => `
  INSERT INTO client_certificates (instance_id, id, name, fingerprint_sha256, fingerprint_sha1, pem, subject, issuer,
    serial_number, not_before, not_after, key_type, created_at, updated_at, revision)
  SELECT ${uuid('', 'n')}, gen_random_uuid(), 'certificate ' || k, encode(sha256((n || ' ' || k)::bytea), 'hex'),
    left(encode(sha256((n || ' ' || k)::bytea), 'hex'), 40), repeat('x', 1500), 'CN=vcenter', 'CN=vcenter', '01',
    now(), now() + interval '1 year', 'RSA 2048', now(), now(), 1
  FROM generate_series(1, ${count}) n, generate_series(1, ${each}) k`;

/** What a trigger notes with each certificate; triggers are off while we fill. */
const STANDINGS = `
  INSERT INTO certificate_standings (instance_id, fingerprint_sha256, account_id, not_after, registered_at)
  SELECT c.instance_id, c.fingerprint_sha256, i.account_id, c.not_after, c.created_at
  FROM client_certificates c JOIN instances i ON i.id = c.instance_id ON CONFLICT DO NOTHING`;

/** One in ten was never used, one in fifty is destroyed. */
const keys = (count: number): string => `
  INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
    cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, activation_date, digest, fresh,
    stored_key_id, root_key_id, root_key_version, created_by)
  SELECT '${LARGE_INSTANCE}', ${keyId('n')}, 2, CASE WHEN n % 50 = 0 THEN 'Destroyed' ELSE 'Active' END, n % 1000 = 0,
    3, 256, 12, t.created, t.created, t.created, sha256(n::text::bytea), n % 10 = 0, gen_random_uuid(),
    'root-key', 'version-1', CASE WHEN n % 4 = 0 THEN '${CREATORS[1]}' ELSE '${CREATORS[0]}' END
  FROM generate_series(1, ${count}) n,
    LATERAL (SELECT timestamptz '${FIRST_CREATED.toISOString()}' + n * interval '1 second' AS created) t`;

/** What a trigger begins with each key. */
const fetches = (count: number): string => `
  INSERT INTO key_fetches (instance_id, object_id, fetched_at)
  SELECT '${LARGE_INSTANCE}', ${keyId('n')},
    CASE WHEN n % 10 = 0 THEN '-infinity' ELSE timestamptz '${FIRST_CREATED.toISOString()}' + n * interval '1 second' +
      n % 977 * interval '1 hour' END
  FROM generate_series(1, ${count}) n`;

const attribute = (count: number, name: string, value: string): string => `
  INSERT INTO managed_object_attributes (instance_id, object_id, name, index, value, value_hash, item_hashes, released)
  SELECT '${LARGE_INSTANCE}', ${keyId('n')}, '${name}', 0, '["TextString","' || ${value} || '"]', ${textHash(value)}, '{}',
    n % 50 = 0
  FROM generate_series(1, ${count}) n`;

/** Every tenth key has a Name, as clients other than vCenter give. */
const names = (count: number): string => `
  INSERT INTO managed_object_attributes (instance_id, object_id, name, index, value, value_hash, name_hash, item_hashes,
    released)
  SELECT '${LARGE_INSTANCE}', ${keyId('n')}, 'Name', 0,
    '["Structure",[[${NAME_VALUE_TAG},"TextString","name ' || n || '"],[4325460,"Enumeration",1]]]', h.value,
    sha256(('name ' || n)::bytea), ARRAY[h.value], n % 50 = 0
  FROM generate_series(10, ${count}, 10) n, LATERAL (SELECT ${textHash("'name ' || n", NAME_VALUE_TAG)} AS value) h`;

/** Fills a migrated database with rows like those of a large region. As its superuser. */
export async function fillCatalog(admin: Client, size: CatalogSize): Promise<void> {
  // References hold by construction; checking three million of them one by one would take longer than the rest.
  await admin.query('SET session_replication_role = replica');
  const statements = [
    instances(size.instances),
    certificates(size.instances, size.certificatesPerInstance),
    STANDINGS,
    keys(size.keys),
    fetches(size.keys),
    attribute(size.keys, 'x-Vendor', `'VMware, Inc.'::text`),
    attribute(size.keys, 'x-Identifier', `'vm ' || n`),
    attribute(size.keys, 'x-Name', `'machine ' || n % 5000`),
    names(size.keys),
    `INSERT INTO instance_usage VALUES ('${LARGE_INSTANCE}', ${size.keys})`,
    'VACUUM ANALYZE',
  ];
  for (const statement of statements) await admin.query(statement);
}
