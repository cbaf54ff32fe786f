import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

/** Tables whose rows this migration reads or fills across tenants; FORCE binds their owner, who migrates, as well. */
const READ_ACROSS_TENANTS = ['instances', 'client_certificates', 'managed_objects'];

export const TABLES = [
  // What a certificate has shown towards one instance. It outlives the registration and even the instance: whoever is
  // removed hands nothing over to a stranger who waits. Written by the trigger below, whoever registers.
  `CREATE TABLE certificate_standings (
    instance_id uuid NOT NULL,
    fingerprint_sha256 text NOT NULL,
    account_id text NOT NULL,
    not_after timestamptz(3) NOT NULL,
    registered_at timestamptz(3) NOT NULL,
    removed_at timestamptz(3),
    issued boolean NOT NULL DEFAULT false,
    proof text,
    proven_at timestamptz(3),
    established_at timestamptz(3),
    recognized_at timestamptz(3),
    CONSTRAINT pk_certificate_standings PRIMARY KEY (instance_id, fingerprint_sha256),
    CONSTRAINT ck_certificate_standings_proof
      CHECK (proof IN ('issued', 'operator', 'credential', 'host_name', 'hand_over')),
    CONSTRAINT ck_certificate_standings_proven CHECK (num_nonnulls(proof, proven_at) IN (0, 2))
  )`,
  // Over all tenants of the region: who else registers this certificate.
  'CREATE INDEX ix_certificate_standings_fingerprint ON certificate_standings (fingerprint_sha256)',

  `CREATE TABLE kmip_credentials (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    password_hmac bytea NOT NULL,
    service_key_version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_kmip_credentials PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_kmip_credentials_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
  )`,
  // Since when the region demands something; what was there before is spared.
  `CREATE TABLE region_requirements (
    name text NOT NULL,
    since timestamptz(3) NOT NULL,
    CONSTRAINT pk_region_requirements PRIMARY KEY (name)
  )`,
  `ALTER TABLE instances ADD COLUMN credential_policy text NOT NULL DEFAULT 'ignore'
    CONSTRAINT ck_instances_credential_policy CHECK (credential_policy IN ('ignore', 'enforce'))`,

  // Keys by the certificate that made them: what a dispute and a renewed certificate are judged by.
  'CREATE INDEX ix_managed_objects_creator ON managed_objects (instance_id, created_by, initial_date)',
];

export const PROTECTION = [
  ...['certificate_standings', 'kmip_credentials'].flatMap((name) => [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY tenant ON ${name} TO ${APPLICATION_ROLE}
      USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  ]),
  // Rows come and go by the trigger alone; of what it writes the application may change what is proof.
  `GRANT SELECT, UPDATE (issued, proof, proven_at) ON certificate_standings TO ${APPLICATION_ROLE}`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON kmip_credentials TO ${APPLICATION_ROLE}`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON certificate_standings TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT ON kmip_credentials TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT, INSERT ON region_requirements TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, id, created_by, initial_date, last_fetched_at) ON managed_objects TO ${DIRECTORY_ROLE}`,
  `CREATE POLICY directory ON certificate_standings TO ${DIRECTORY_ROLE} USING (true) WITH CHECK (true)`,
  `GRANT INSERT, UPDATE ON invalidation_versions TO ${DIRECTORY_ROLE}`,
  `CREATE POLICY directory_notices ON invalidation_versions FOR INSERT TO ${DIRECTORY_ROLE} WITH CHECK (true)`,
  `CREATE POLICY directory_repeated_notices ON invalidation_versions FOR UPDATE TO ${DIRECTORY_ROLE} USING (true)`,
  `CREATE POLICY directory ON kmip_credentials FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `CREATE POLICY directory ON managed_objects FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
];

/** Former registrations that never showed anything are kept up to this number an instance, the latest ones. */
const FORMER_KEPT = 1_000;

/** Keys that this certificate made at least 7 days before they were last fetched. */
export const USED_FOR_DAYS = `EXISTS (SELECT FROM managed_objects o
  WHERE o.instance_id = s.instance_id AND o.created_by = s.fingerprint_sha256
    AND o.last_fetched_at >= o.initial_date + interval '7 days')`;

const COLUMNS = `fingerprint text, instance_id uuid, account_id text, certificate_id uuid, certificate_name text,
  not_before timestamptz, not_after timestamptz, instance_enabled boolean, instance_state text, maximum_keys integer,
  credential_policy text, registered_at timestamptz, issued boolean, proof text, proven_at timestamptz,
  established_at timestamptz, recognized_at timestamptz`;

/** A registration that is in force has a certificate_id; a former one has none. */
const REGISTRATIONS = `SELECT s.fingerprint_sha256, s.instance_id, s.account_id, c.id, c.name, c.not_before, s.not_after,
    i.enabled, i.state, i.maximum_keys, i.credential_policy, s.registered_at, s.issued, s.proof, s.proven_at,
    s.established_at, s.recognized_at
  FROM certificate_standings s
  LEFT JOIN client_certificates c ON c.instance_id = s.instance_id AND c.fingerprint_sha256 = s.fingerprint_sha256
  LEFT JOIN instances i ON i.id = s.instance_id`;

const ownedByDirectory = (signature: string, definition: string): string[] => [
  definition,
  `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  `ALTER FUNCTION ${signature} OWNER TO ${DIRECTORY_ROLE}`,
];

const DEFINER = 'SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp';

/** What comes with each registration. @param usedForDays whether `s` has a past that nobody can take from it */
export const followRegistration = (usedForDays: string): string =>
  `CREATE OR REPLACE FUNCTION follow_registration() RETURNS trigger LANGUAGE plpgsql ${DEFINER} AS $body$
  DECLARE v_instance uuid;
  BEGIN
    IF TG_OP = 'DELETE' THEN
      UPDATE certificate_standings SET removed_at = now()
        WHERE instance_id = OLD.instance_id AND fingerprint_sha256 = OLD.fingerprint_sha256;
      DELETE FROM certificate_standings s WHERE s.instance_id = OLD.instance_id AND s.removed_at IS NOT NULL
        AND (s.not_after < now() OR s.fingerprint_sha256 IN (
          SELECT f.fingerprint_sha256 FROM certificate_standings f
            WHERE f.instance_id = OLD.instance_id AND f.removed_at IS NOT NULL AND f.proof IS NULL AND NOT f.issued
              AND f.established_at IS NULL
            ORDER BY f.removed_at DESC OFFSET ${FORMER_KEPT}));
      RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM certificate_standings s WHERE s.fingerprint_sha256 = NEW.fingerprint_sha256 AND s.issued
        AND s.instance_id <> NEW.instance_id)
      AND NOT EXISTS (SELECT FROM certificate_standings s WHERE s.fingerprint_sha256 = NEW.fingerprint_sha256
        AND s.instance_id = NEW.instance_id AND (s.issued OR s.proof = 'hand_over')) THEN
      RAISE EXCEPTION 'issued to another instance'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'ck_client_certificates_issued_here';
    END IF;
    -- The first that registers what another one has alone: from now on its past cannot change any more.
    UPDATE certificate_standings s SET established_at = now()
      WHERE s.fingerprint_sha256 = NEW.fingerprint_sha256 AND s.instance_id <> NEW.instance_id
        AND s.established_at IS NULL
        AND (SELECT count(*) FROM certificate_standings o WHERE o.fingerprint_sha256 = NEW.fingerprint_sha256) = 1
        AND ${usedForDays}
      RETURNING s.instance_id INTO v_instance;
    IF FOUND THEN
      INSERT INTO invalidation_versions AS i (instance_id, version, changed_in)
        VALUES (v_instance, 1, pg_current_xact_id()::text::bigint)
        ON CONFLICT (instance_id) DO UPDATE SET version = i.version + 1, changed_in = EXCLUDED.changed_in;
      PERFORM pg_notify('kmip_invalidation', v_instance::text);
    END IF;
    INSERT INTO certificate_standings AS s (instance_id, fingerprint_sha256, account_id, not_after, registered_at)
      SELECT NEW.instance_id, NEW.fingerprint_sha256, i.account_id, NEW.not_after, NEW.created_at
        FROM instances i WHERE i.id = NEW.instance_id
      ON CONFLICT (instance_id, fingerprint_sha256) DO UPDATE
        SET removed_at = NULL, registered_at = EXCLUDED.registered_at;
    RETURN NULL;
  END $body$`;

export const FUNCTIONS = [
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,

  // No way to register or to remove avoids it, nor does the previous release while it still runs.
  ...ownedByDirectory('follow_registration()', followRegistration(USED_FOR_DAYS)),
  `CREATE TRIGGER registration AFTER INSERT OR DELETE ON client_certificates
    FOR EACH ROW EXECUTE FUNCTION follow_registration()`,

  ...ownedByDirectory(
    'directory_registrations(uuid)',
    `CREATE FUNCTION directory_registrations(p_instance uuid) RETURNS TABLE (${COLUMNS}) LANGUAGE sql STABLE ${DEFINER}
      AS $body$ ${REGISTRATIONS} WHERE (p_instance IS NULL OR s.instance_id = p_instance)
        AND (c.id IS NOT NULL OR s.not_after > now()) $body$`,
  ),
  ...ownedByDirectory(
    'directory_registrants(text[])',
    `CREATE FUNCTION directory_registrants(p_fingerprints text[]) RETURNS TABLE (${COLUMNS}) LANGUAGE sql STABLE ${DEFINER}
      AS $body$ ${REGISTRATIONS} WHERE s.fingerprint_sha256 = ANY (p_fingerprints) $body$`,
  ),
  ...ownedByDirectory(
    'directory_kmip_credentials(uuid)',
    `CREATE FUNCTION directory_kmip_credentials(p_instance uuid)
      RETURNS TABLE (instance_id uuid, id uuid, password_hmac bytea, service_key_version integer)
      LANGUAGE sql STABLE ${DEFINER} AS $body$
      SELECT k.instance_id, k.id, k.password_hmac, k.service_key_version FROM kmip_credentials k
        WHERE p_instance IS NULL OR k.instance_id = p_instance $body$`,
  ),
  ...ownedByDirectory(
    'proof_required_since(boolean)',
    `CREATE FUNCTION proof_required_since(p_begin boolean) RETURNS timestamptz LANGUAGE sql ${DEFINER} AS $body$
      INSERT INTO region_requirements SELECT 'client certificate proof', now() WHERE p_begin ON CONFLICT DO NOTHING;
      SELECT since FROM region_requirements WHERE name = 'client certificate proof' $body$`,
  ),
  // Which registrants of a certificate, present and former, hold an object.
  ...ownedByDirectory(
    'directory_holders(text, uuid)',
    `CREATE FUNCTION directory_holders(p_fingerprint text, p_object uuid)
      RETURNS TABLE (instance_id uuid, own boolean) LANGUAGE sql STABLE ${DEFINER} AS $body$
      SELECT o.instance_id, o.created_by = p_fingerprint FROM managed_objects o
        JOIN certificate_standings s ON s.instance_id = o.instance_id AND s.fingerprint_sha256 = p_fingerprint
        WHERE o.id = p_object $body$`,
  ),
  // A renewed certificate: it has named a key that another certificate of this instance made and no other registrant has.
  ...ownedByDirectory(
    'recognize_certificate(uuid, text, uuid)',
    `CREATE FUNCTION recognize_certificate(p_instance uuid, p_fingerprint text, p_object uuid) RETURNS boolean
      LANGUAGE plpgsql ${DEFINER} AS $body$
    BEGIN
      UPDATE certificate_standings s SET recognized_at = now()
        WHERE s.instance_id = p_instance AND s.fingerprint_sha256 = p_fingerprint AND s.recognized_at IS NULL
          AND EXISTS (SELECT FROM managed_objects o WHERE o.instance_id = p_instance AND o.id = p_object
            AND o.created_by <> p_fingerprint)
          AND NOT EXISTS (SELECT FROM directory_holders(p_fingerprint, p_object) h WHERE h.instance_id <> p_instance);
      RETURN FOUND;
    END $body$`,
  ),
  ...ownedByDirectory(
    'count_keys_elsewhere(text)',
    `CREATE FUNCTION count_keys_elsewhere(p_fingerprint text) RETURNS bigint LANGUAGE sql STABLE ${DEFINER} AS $body$
      SELECT count(*) FROM managed_objects o
        JOIN certificate_standings s ON s.instance_id = o.instance_id AND s.fingerprint_sha256 = p_fingerprint
        WHERE o.created_by = p_fingerprint AND o.instance_id <> ${CURRENT_INSTANCE}
          AND EXISTS (SELECT FROM certificate_standings mine
            WHERE mine.instance_id = ${CURRENT_INSTANCE} AND mine.fingerprint_sha256 = p_fingerprint) $body$`,
  ),
  // Of certificates that have ended, and so decide nothing any more. @see housekeeping
  ...ownedByDirectory(
    'prune_certificate_standings()',
    `CREATE FUNCTION prune_certificate_standings() RETURNS void LANGUAGE sql ${DEFINER} AS $body$
      DELETE FROM certificate_standings WHERE removed_at IS NOT NULL AND not_after < now() $body$`,
  ),
  // The previous release knows one instance a certificate: the first.
  `CREATE OR REPLACE FUNCTION directory_certificates(p_instance uuid) RETURNS TABLE (fingerprint text,
      certificate_id uuid, certificate_name text, instance_id uuid, not_before timestamptz, not_after timestamptz,
      instance_enabled boolean, instance_state text, maximum_keys integer)
    LANGUAGE sql STABLE ${DEFINER} AS $body$
    SELECT r.fingerprint, r.certificate_id, r.certificate_name, r.instance_id, r.not_before, r.not_after,
        r.instance_enabled, r.instance_state, r.maximum_keys
      FROM directory_registrations(p_instance) r
      WHERE r.certificate_id IS NOT NULL AND NOT EXISTS (SELECT FROM certificate_standings s
        WHERE s.fingerprint_sha256 = r.fingerprint AND s.removed_at IS NULL
          AND (s.registered_at, s.instance_id) < (r.registered_at, r.instance_id)) $body$`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

/**
 * Every registration so far was alone with its certificate. What was in use counts as established; what we signed says
 * so by its issuer and was registered nowhere but in the instance it was made for.
 */
export const FILL = [
  ...READ_ACROSS_TENANTS.map((name) => `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`),
  'ALTER TABLE certificate_standings NO FORCE ROW LEVEL SECURITY',
  `INSERT INTO certificate_standings
      (instance_id, fingerprint_sha256, account_id, not_after, registered_at, issued, proof, proven_at, established_at)
    SELECT c.instance_id, c.fingerprint_sha256, i.account_id, c.not_after, c.created_at, o.ours,
      CASE WHEN o.ours THEN 'issued' END, CASE WHEN o.ours THEN c.created_at END,
      CASE WHEN EXISTS (SELECT FROM managed_objects m
          WHERE m.instance_id = c.instance_id AND m.created_by = c.fingerprint_sha256)
        OR EXISTS (SELECT FROM connection_attempts a WHERE a.allowed_by = c.instance_id
          AND a.fingerprint_sha256 = c.fingerprint_sha256 AND a.verdict = 'accepted') THEN now() END
    FROM client_certificates c JOIN instances i ON i.id = c.instance_id,
      LATERAL (SELECT c.issuer = 'CN=KMIP for VMware clients ' || i.region AS ours) o`,
  'ALTER TABLE certificate_standings FORCE ROW LEVEL SECURITY',
  ...READ_ACROSS_TENANTS.map((name) => `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`),
];

/** One certificate may be registered in several instances; within one it is still unique, by the name it always had. */
export const SHARED = [
  'DROP INDEX ux_client_certificates_fingerprint',
  `CREATE UNIQUE INDEX ux_client_certificates_fingerprint ON client_certificates (instance_id, fingerprint_sha256)`,
];

export const UNDO = [
  // Fails, and changes nothing, while a certificate is registered in several instances.
  'DROP INDEX ux_client_certificates_fingerprint',
  'CREATE UNIQUE INDEX ux_client_certificates_fingerprint ON client_certificates (fingerprint_sha256)',
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  `CREATE OR REPLACE FUNCTION directory_certificates(p_instance uuid) RETURNS TABLE (fingerprint text,
      certificate_id uuid, certificate_name text, instance_id uuid, not_before timestamptz, not_after timestamptz,
      instance_enabled boolean, instance_state text, maximum_keys integer)
    LANGUAGE sql STABLE ${DEFINER} AS $body$
    SELECT c.fingerprint_sha256, c.id, c.name, c.instance_id, c.not_before, c.not_after, i.enabled, i.state,
        i.maximum_keys
      FROM client_certificates c JOIN instances i ON i.id = c.instance_id
      WHERE p_instance IS NULL OR c.instance_id = p_instance $body$`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
  'DROP TRIGGER registration ON client_certificates',
  'DROP FUNCTION follow_registration()',
  'DROP FUNCTION prune_certificate_standings()',
  'DROP FUNCTION count_keys_elsewhere(text)',
  'DROP FUNCTION recognize_certificate(uuid, text, uuid)',
  'DROP FUNCTION directory_holders(text, uuid)',
  'DROP FUNCTION proof_required_since(boolean)',
  'DROP FUNCTION directory_kmip_credentials(uuid)',
  'DROP FUNCTION directory_registrants(text[])',
  'DROP FUNCTION directory_registrations(uuid)',
  'DROP POLICY directory_repeated_notices ON invalidation_versions',
  'DROP POLICY directory_notices ON invalidation_versions',
  `REVOKE INSERT, UPDATE ON invalidation_versions FROM ${DIRECTORY_ROLE}`,
  'DROP POLICY directory ON managed_objects',
  `REVOKE SELECT (instance_id, id, created_by, initial_date, last_fetched_at) ON managed_objects FROM ${DIRECTORY_ROLE}`,
  'DROP INDEX ix_managed_objects_creator',
  'ALTER TABLE instances DROP COLUMN credential_policy',
  'DROP TABLE region_requirements',
  'DROP TABLE kmip_credentials',
  'DROP TABLE certificate_standings',
];
