import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

const TENANT_TABLES = ['certificate_claims', 'usage_days'];

export const TABLES = [
  `CREATE TABLE certificate_claims (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_certificate_claims PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_certificate_claims_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE,
    CONSTRAINT ck_certificate_claims_kind CHECK (kind IN ('fingerprint', 'subject', 'address_range'))
  )`,
  'CREATE UNIQUE INDEX ux_certificate_claims_value ON certificate_claims (instance_id, kind, value)',

  `CREATE TABLE usage_days (
    instance_id uuid NOT NULL,
    day date NOT NULL,
    live_keys bigint NOT NULL,
    certificates bigint NOT NULL,
    CONSTRAINT pk_usage_days PRIMARY KEY (instance_id, day),
    CONSTRAINT fk_usage_days_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
  )`,

  // Belongs to no tenant: a stranger's certificate is nobody's. allowed_by is the instance that lets it in, if one does.
  // likeness is a hash of what makes two attempts the same one.
  `CREATE TABLE connection_attempts (
    id uuid NOT NULL,
    likeness bytea NOT NULL,
    verdict text NOT NULL,
    address inet NOT NULL,
    endpoint text NOT NULL,
    fingerprint_sha256 text,
    fingerprint_sha1 text,
    subject text,
    issuer text,
    serial_number text,
    not_before timestamptz(3),
    not_after timestamptz(3),
    pem text,
    allowed_by uuid,
    occurrences bigint NOT NULL,
    first_at timestamptz(3) NOT NULL,
    last_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_connection_attempts PRIMARY KEY (id)
  )`,
  'CREATE UNIQUE INDEX ux_connection_attempts_likeness ON connection_attempts (likeness)',
  'CREATE INDEX ix_connection_attempts_allowed ON connection_attempts (allowed_by, last_at, id)',
  'CREATE INDEX ix_connection_attempts_fingerprint ON connection_attempts (fingerprint_sha256)',
  'CREATE INDEX ix_connection_attempts_latest ON connection_attempts (last_at, id)',
];

export const PROTECTION = [
  ...TENANT_TABLES.flatMap((name) => [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY tenant ON ${name} TO ${APPLICATION_ROLE}
      USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${APPLICATION_ROLE}`,
  ]),
  // What the functions below do across tenants, and nothing else can.
  `GRANT SELECT, INSERT, UPDATE, DELETE ON connection_attempts TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT ON certificate_claims TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, live_keys) ON instance_usage TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT, INSERT, UPDATE ON usage_days TO ${DIRECTORY_ROLE}`,
  `CREATE POLICY directory ON certificate_claims FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `CREATE POLICY directory ON instance_usage FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `CREATE POLICY directory ON usage_days TO ${DIRECTORY_ROLE} USING (true) WITH CHECK (true)`,
];

const ownedByDirectory = (signature: string, definition: string): string[] => [
  definition,
  `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  `ALTER FUNCTION ${signature} OWNER TO ${DIRECTORY_ROLE}`,
];

/** What an instance may see: connections with its certificates, and strangers that one of its claims fits. */
const VISIBLE = `a.allowed_by = ${CURRENT_INSTANCE}
  OR (a.allowed_by IS NULL AND EXISTS (
    SELECT FROM certificate_claims c WHERE c.instance_id = ${CURRENT_INSTANCE}
      AND CASE c.kind WHEN 'fingerprint' THEN c.value = a.fingerprint_sha256
        WHEN 'subject' THEN c.value = a.subject
        ELSE a.address <<= c.value::inet END))`;

export const FUNCTIONS = [
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  ...ownedByDirectory(
    'tenant_connection_attempts()',
    `CREATE FUNCTION tenant_connection_attempts() RETURNS SETOF connection_attempts LANGUAGE sql STABLE
      SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
      AS $body$ SELECT a.* FROM connection_attempts a WHERE ${VISIBLE} $body$`,
  ),
  ...ownedByDirectory(
    'report_connection_attempts(jsonb)',
    `CREATE FUNCTION report_connection_attempts(p_attempts jsonb) RETURNS void LANGUAGE sql
      SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
      INSERT INTO connection_attempts AS a
        SELECT gen_random_uuid(), decode(r.likeness, 'hex'), r.verdict, r.address::inet, r.endpoint, r.fingerprint,
          r.sha1_fingerprint, r.subject, r.issuer, r.serial_number, r.not_before, r.not_after, r.pem, r.allowed_by,
          r.occurrences, r.at, r.at
        FROM jsonb_to_recordset(p_attempts) AS r(likeness text, verdict text, address text, endpoint text,
          fingerprint text, sha1_fingerprint text, subject text, issuer text, serial_number text,
          not_before timestamptz, not_after timestamptz, pem text, allowed_by uuid, occurrences bigint, at timestamptz)
        ORDER BY r.likeness
      ON CONFLICT (likeness) DO UPDATE
        SET occurrences = a.occurrences + EXCLUDED.occurrences, last_at = GREATEST(a.last_at, EXCLUDED.last_at)
    $body$`,
  ),
  // Strangers come from anywhere and in any number: old ones go, and beyond a number the oldest.
  ...ownedByDirectory(
    'prune_connection_attempts(timestamptz, bigint)',
    `CREATE FUNCTION prune_connection_attempts(p_before timestamptz, p_maximum bigint) RETURNS void LANGUAGE sql
      SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
      DELETE FROM connection_attempts WHERE last_at < p_before;
      DELETE FROM connection_attempts WHERE id IN (
        SELECT id FROM connection_attempts ORDER BY (allowed_by IS NOT NULL) DESC, last_at DESC OFFSET p_maximum)
    $body$`,
  ),
  ...ownedByDirectory(
    'measure_usage(date)',
    `CREATE FUNCTION measure_usage(p_day date) RETURNS void LANGUAGE sql
      SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
      INSERT INTO usage_days AS u
        SELECT i.id, p_day, COALESCE(k.live_keys, 0),
          (SELECT count(*) FROM client_certificates c WHERE c.instance_id = i.id)
        FROM instances i LEFT JOIN instance_usage k ON k.instance_id = i.id ORDER BY i.id
      ON CONFLICT (instance_id, day) DO UPDATE SET live_keys = GREATEST(u.live_keys, EXCLUDED.live_keys),
        certificates = GREATEST(u.certificates, EXCLUDED.certificates)
    $body$`,
  ),
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

export const UNDO = [
  'DROP FUNCTION measure_usage(date)',
  'DROP FUNCTION prune_connection_attempts(timestamptz, bigint)',
  'DROP FUNCTION report_connection_attempts(jsonb)',
  'DROP FUNCTION tenant_connection_attempts()',
  'DROP POLICY directory ON instance_usage',
  `REVOKE SELECT (instance_id, live_keys) ON instance_usage FROM ${DIRECTORY_ROLE}`,
  'DROP TABLE connection_attempts',
  'DROP TABLE usage_days',
  'DROP TABLE certificate_claims',
];
