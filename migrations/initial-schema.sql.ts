import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

/**
 * Tables that hold rows of tenants, children before parents (the order of dropping). `grants` is all the application
 * may do: audit records can be added and read, never changed or removed.
 */
export const TENANT_TABLES: readonly { name: string; grants: string; tenantColumn?: string }[] = [
  { name: 'managed_object_attributes', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'managed_objects', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'creation_intents', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'instance_usage', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'client_certificates', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'root_key_bindings', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'credentials', grants: 'SELECT, INSERT, UPDATE, DELETE' },
  { name: 'audit_events', grants: 'SELECT, INSERT' },
  { name: 'audit_chain_heads', grants: 'SELECT, INSERT, UPDATE' },
  { name: 'invalidation_versions', grants: 'SELECT, INSERT, UPDATE' },
  { name: 'instances', grants: 'SELECT, INSERT, UPDATE, DELETE', tenantColumn: 'id' },
];

/** Every key leads with the instance, so that the tables can one day be spread over machines by it. */
export const TABLES = [
  `CREATE TABLE instances (
    id uuid NOT NULL,
    crn text NOT NULL,
    name text NOT NULL,
    account_id text NOT NULL,
    region text NOT NULL,
    state text NOT NULL,
    enabled boolean NOT NULL,
    disabled_reason text,
    maximum_keys integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    revision integer NOT NULL,
    CONSTRAINT pk_instances PRIMARY KEY (id),
    CONSTRAINT ck_instances_state
      CHECK (state IN ('installing', 'inactive', 'configuring', 'installed', 'removing', 'failed'))
  )`,
  'CREATE UNIQUE INDEX ux_instances_crn ON instances (crn)',
  'CREATE INDEX ix_instances_account ON instances (account_id, id)',

  `CREATE TABLE credentials (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    service_id_iam_id text,
    service_key_version integer NOT NULL,
    sealed_api_key bytea NOT NULL,
    created_at timestamptz(3) NOT NULL,
    revision integer NOT NULL,
    CONSTRAINT pk_credentials PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_credentials_instance FOREIGN KEY (instance_id) REFERENCES instances (id)
  )`,
  'CREATE UNIQUE INDEX ux_credentials_instance ON credentials (instance_id)',

  `CREATE TABLE root_key_bindings (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    key_manager_crn text NOT NULL,
    endpoint_url text NOT NULL,
    root_key_id text NOT NULL,
    key_ring_id text,
    status text NOT NULL,
    status_detail text,
    checked_at timestamptz(3),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    revision integer NOT NULL,
    CONSTRAINT pk_root_key_bindings PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_root_key_bindings_instance FOREIGN KEY (instance_id) REFERENCES instances (id),
    CONSTRAINT ck_root_key_bindings_kind CHECK (kind IN ('key_protect', 'hpcs')),
    CONSTRAINT ck_root_key_bindings_status CHECK (status IN ('active', 'retiring'))
  )`,
  // One binding makes new keys; retiring ones still hold keys that have not been moved yet.
  `CREATE UNIQUE INDEX ux_root_key_bindings_active ON root_key_bindings (instance_id) WHERE status = 'active'`,

  `CREATE TABLE client_certificates (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    fingerprint_sha256 text NOT NULL,
    fingerprint_sha1 text NOT NULL,
    pem text NOT NULL,
    subject text NOT NULL,
    issuer text NOT NULL,
    serial_number text NOT NULL,
    not_before timestamptz(3) NOT NULL,
    not_after timestamptz(3) NOT NULL,
    key_type text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    revision integer NOT NULL,
    CONSTRAINT pk_client_certificates PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_client_certificates_instance FOREIGN KEY (instance_id) REFERENCES instances (id)
  )`,
  'CREATE UNIQUE INDEX ux_client_certificates_name ON client_certificates (instance_id, name)',
  // Over all tenants of the region, not led by the instance: one certificate is one tenant's identity.
  'CREATE UNIQUE INDEX ux_client_certificates_fingerprint ON client_certificates (fingerprint_sha256)',

  `CREATE TABLE managed_objects (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    object_type bigint NOT NULL,
    state text NOT NULL,
    suspended boolean NOT NULL,
    cryptographic_algorithm bigint NOT NULL,
    cryptographic_length bigint NOT NULL,
    cryptographic_usage_mask bigint NOT NULL,
    initial_date timestamptz(3) NOT NULL,
    last_change_date timestamptz(3) NOT NULL,
    activation_date timestamptz(3),
    process_start_date timestamptz(3),
    protect_stop_date timestamptz(3),
    deactivation_date timestamptz(3),
    destroy_date timestamptz(3),
    destroy_requested_at timestamptz(3),
    compromise_date timestamptz(3),
    compromise_occurrence_date timestamptz(3),
    revocation_reason_code bigint,
    revocation_message text,
    digest bytea NOT NULL,
    fresh boolean NOT NULL,
    last_fetched_at timestamptz(3),
    stored_key_id text,
    root_key_id text,
    root_key_version text,
    created_by text NOT NULL,
    CONSTRAINT pk_managed_objects PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_managed_objects_instance FOREIGN KEY (instance_id) REFERENCES instances (id),
    CONSTRAINT ck_managed_objects_state
      CHECK (state IN ('PreActive', 'Active', 'Deactivated', 'Compromised', 'Destroyed', 'DestroyedCompromised')),
    CONSTRAINT ck_managed_objects_custody
      CHECK (num_nonnulls(stored_key_id, root_key_id, root_key_version) IN (0, 3))
  )`,
  'CREATE INDEX ix_managed_objects_newest ON managed_objects (instance_id, initial_date, id)',
  `CREATE INDEX ix_managed_objects_destroying ON managed_objects (instance_id, destroy_requested_at)
    WHERE destroy_requested_at IS NOT NULL`,

  `CREATE TABLE managed_object_attributes (
    instance_id uuid NOT NULL,
    object_id uuid NOT NULL,
    name text NOT NULL,
    index bigint NOT NULL,
    value text NOT NULL,
    value_hash bytea NOT NULL,
    name_hash bytea,
    item_hashes bytea[] NOT NULL,
    released boolean NOT NULL,
    CONSTRAINT pk_managed_object_attributes PRIMARY KEY (instance_id, object_id, name, index),
    CONSTRAINT fk_managed_object_attributes_object
      FOREIGN KEY (instance_id, object_id) REFERENCES managed_objects (instance_id, id)
  )`,
  // Values may be longer than an index entry can be, so their SHA-256 stands for them.
  'CREATE INDEX ix_managed_object_attributes_value ON managed_object_attributes (instance_id, name, value_hash)',
  // A destroyed object gives its Names free (released).
  `CREATE UNIQUE INDEX ux_managed_object_attributes_name ON managed_object_attributes (instance_id, name_hash)
    WHERE name_hash IS NOT NULL AND NOT released`,

  `CREATE TABLE creation_intents (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    stored_key_name text NOT NULL,
    started_at timestamptz(3) NOT NULL,
    created_by text NOT NULL,
    claimed_at timestamptz(3),
    CONSTRAINT pk_creation_intents PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_creation_intents_instance FOREIGN KEY (instance_id) REFERENCES instances (id)
  )`,
  'CREATE INDEX ix_creation_intents_oldest ON creation_intents (instance_id, started_at)',

  // Keys that are not destroyed plus open intents: the quota is checked and taken in one row update.
  `CREATE TABLE instance_usage (
    instance_id uuid NOT NULL,
    live_keys integer NOT NULL,
    CONSTRAINT pk_instance_usage PRIMARY KEY (instance_id),
    CONSTRAINT fk_instance_usage_instance FOREIGN KEY (instance_id) REFERENCES instances (id),
    CONSTRAINT ck_instance_usage_live_keys CHECK (live_keys >= 0)
  )`,

  // No reference to instances: the record of what was done outlives the instance. event is what is hashed; the other
  // columns repeat parts of it for searching.
  `CREATE TABLE audit_events (
    instance_id uuid NOT NULL,
    seq bigint NOT NULL,
    event text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    target_id text,
    correlation_id text NOT NULL,
    CONSTRAINT pk_audit_events PRIMARY KEY (instance_id, seq)
  )`,
  'CREATE INDEX ix_audit_events_occurred ON audit_events (instance_id, occurred_at, seq)',
  'CREATE INDEX ix_audit_events_target ON audit_events (instance_id, target_id, seq)',

  `CREATE TABLE audit_chain_heads (
    instance_id uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_audit_chain_heads PRIMARY KEY (instance_id)
  )`,

  // changed_in is the transaction that wrote the row: polling by it misses nothing that commits late.
  `CREATE TABLE invalidation_versions (
    instance_id uuid NOT NULL,
    version bigint NOT NULL,
    changed_in bigint NOT NULL,
    CONSTRAINT pk_invalidation_versions PRIMARY KEY (instance_id)
  )`,
  'CREATE INDEX ix_invalidation_versions_changed ON invalidation_versions (changed_in)',

  `CREATE TABLE leases (
    name text NOT NULL,
    owner text NOT NULL,
    term bigint NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (name)
  )`,
];

// After a transaction that set it, the setting reads as '' and not as null.
const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

/** Row-level security is the second lock behind the WHERE clauses; FORCE binds the owner of the tables too. */
export const PROTECTION = [
  `GRANT USAGE ON SCHEMA public TO ${APPLICATION_ROLE}, ${DIRECTORY_ROLE}`,
  ...TENANT_TABLES.flatMap(({ name, grants, tenantColumn = 'instance_id' }) => [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY tenant ON ${name} TO ${APPLICATION_ROLE}
      USING (${tenantColumn} = ${CURRENT_INSTANCE}) WITH CHECK (${tenantColumn} = ${CURRENT_INSTANCE})`,
    `GRANT ${grants} ON ${name} TO ${APPLICATION_ROLE}`,
  ]),
  `GRANT SELECT, INSERT, UPDATE, DELETE ON leases TO ${APPLICATION_ROLE}`,
];

const directoryFunction = (signature: string, returns: string, body: string): string[] => [
  `CREATE FUNCTION ${signature} RETURNS TABLE (${returns}) LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $body$ ${body} $body$`,
  `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  `ALTER FUNCTION ${signature} OWNER TO ${DIRECTORY_ROLE}`,
];

/** The only ways to look across tenants. They run as the directory role, which may read exactly these columns. */
export const DIRECTORY_FUNCTIONS = [
  ...['instances', 'client_certificates', 'credentials', 'invalidation_versions'].map(
    (table) => `CREATE POLICY directory ON ${table} FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  ),
  `GRANT SELECT ON instances, invalidation_versions TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, id, name, fingerprint_sha256, not_before, not_after) ON client_certificates
    TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, service_key_version) ON credentials TO ${DIRECTORY_ROLE}`,
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  ...directoryFunction(
    'directory_certificates(p_instance uuid)',
    `fingerprint text, certificate_id uuid, certificate_name text, instance_id uuid, not_before timestamptz,
      not_after timestamptz, instance_enabled boolean, instance_state text, maximum_keys integer`,
    `SELECT c.fingerprint_sha256, c.id, c.name, c.instance_id, c.not_before, c.not_after, i.enabled, i.state,
        i.maximum_keys
      FROM client_certificates c JOIN instances i ON i.id = c.instance_id
      WHERE p_instance IS NULL OR c.instance_id = p_instance`,
  ),
  ...directoryFunction(
    'directory_instances(p_account text, p_after uuid, p_limit integer)',
    'id uuid',
    `SELECT i.id FROM instances i
      WHERE (p_account IS NULL OR i.account_id = p_account) AND (p_after IS NULL OR i.id > p_after)
      ORDER BY i.id LIMIT p_limit`,
  ),
  ...directoryFunction(
    'directory_outdated_credentials(p_version integer, p_limit integer)',
    'instance_id uuid',
    `SELECT c.instance_id FROM credentials c WHERE c.service_key_version <> p_version LIMIT p_limit`,
  ),
  ...directoryFunction(
    'directory_changes(p_since bigint)',
    'instance_id uuid, version bigint, next_since bigint',
    `SELECT v.instance_id, v.version, s.horizon
      FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) s
      LEFT JOIN invalidation_versions v ON v.changed_in >= p_since`,
  ),
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,

  // Extends an instance's hash chain by some events and holds its head until the end of the transaction, so call it
  // last. hash = SHA-256(previous hash, sequence number as 8 bytes, canonical event text).
  `CREATE FUNCTION append_audit(p_instance uuid, p_events text[]) RETURNS TABLE (last_seq bigint, last_hash bytea)
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_event text; v_json jsonb; v_previous bytea;
    BEGIN
      SELECT h.seq, h.hash INTO last_seq, last_hash FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      IF NOT FOUND THEN
        INSERT INTO audit_chain_heads VALUES (p_instance, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT h.seq, h.hash INTO last_seq, last_hash FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      END IF;
      FOREACH v_event IN ARRAY p_events LOOP
        v_json := v_event::jsonb;
        v_previous := last_hash;
        last_seq := last_seq + 1;
        last_hash := sha256(v_previous || int8send(last_seq) || convert_to(v_event, 'UTF8'));
        INSERT INTO audit_events (instance_id, seq, event, previous_hash, hash, occurred_at, action, outcome, target_id,
            correlation_id)
          VALUES (p_instance, last_seq, v_event, v_previous, last_hash, (v_json ->> 'occurredAt')::timestamptz,
            v_json ->> 'action', v_json ->> 'outcome', v_json #>> '{target,id}', v_json ->> 'correlationId');
      END LOOP;
      UPDATE audit_chain_heads h SET seq = last_seq, hash = last_hash WHERE h.instance_id = p_instance;
      RETURN NEXT;
    END $body$`,
  'REVOKE ALL ON FUNCTION append_audit(uuid, text[]) FROM PUBLIC',
  `GRANT EXECUTE ON FUNCTION append_audit(uuid, text[]) TO ${APPLICATION_ROLE}`,
];

export const DROP_FUNCTIONS = [
  'DROP FUNCTION append_audit(uuid, text[])',
  'DROP FUNCTION directory_changes(bigint)',
  'DROP FUNCTION directory_outdated_credentials(integer, integer)',
  'DROP FUNCTION directory_instances(text, uuid, integer)',
  'DROP FUNCTION directory_certificates(uuid)',
];
