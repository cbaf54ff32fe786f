import { APPLICATION_ROLE, DIRECTORY_ROLE } from './roles';

/** Children before parents: the order of dropping. */
export const CATALOG_TABLE_NAMES = ['metering_records', 'catalog_bindings', 'catalog_operations', 'catalog_instances'];

export const CATALOG_TABLES = [
  // No reference to instances: the row stays behind as the tombstone that answers late questions of the platform.
  // attributes is JSON in a text, because jsonb refuses characters that a platform may send.
  `CREATE TABLE catalog_instances (
    instance_id uuid NOT NULL,
    crn text NOT NULL,
    service_id text NOT NULL,
    plan_id text NOT NULL,
    status text NOT NULL,
    attributes text NOT NULL,
    fingerprint text NOT NULL,
    reclamation_scheduled_at timestamptz(3),
    orphaned_at timestamptz(3),
    metered_until timestamptz(3) NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_catalog_instances PRIMARY KEY (instance_id),
    CONSTRAINT ck_catalog_instances_status
      CHECK (status IN ('provisioning', 'ready', 'updating', 'deprovisioning', 'deleted', 'failed'))
  )`,

  // number counts per instance; the newest one is the one that may be in progress.
  `CREATE TABLE catalog_operations (
    instance_id uuid NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    step text NOT NULL,
    background boolean NOT NULL,
    change_hash text,
    description text,
    attempts integer NOT NULL,
    not_before timestamptz(3) NOT NULL,
    action_context text NOT NULL,
    started_at timestamptz(3) NOT NULL,
    finished_at timestamptz(3),
    CONSTRAINT pk_catalog_operations PRIMARY KEY (instance_id, number),
    CONSTRAINT fk_catalog_operations_instance FOREIGN KEY (instance_id) REFERENCES catalog_instances (instance_id),
    CONSTRAINT ck_catalog_operations_kind CHECK (kind IN ('provision', 'update', 'deprovision')),
    CONSTRAINT ck_catalog_operations_state CHECK (state IN ('in progress', 'succeeded', 'failed'))
  )`,
  `CREATE UNIQUE INDEX ux_catalog_operations_open ON catalog_operations (instance_id) WHERE state = 'in progress'`,

  `CREATE TABLE catalog_bindings (
    instance_id uuid NOT NULL,
    id text NOT NULL,
    attributes text NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_catalog_bindings PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_catalog_bindings_instance FOREIGN KEY (instance_id) REFERENCES catalog_instances (instance_id)
  )`,

  // The outbox of metering. A row is a fact about one whole hour: only how its sending went ever changes.
  `CREATE TABLE metering_records (
    instance_id uuid NOT NULL,
    started_at timestamptz(3) NOT NULL,
    ended_at timestamptz(3) NOT NULL,
    crn text NOT NULL,
    service_id text NOT NULL,
    plan_id text NOT NULL,
    live_keys integer NOT NULL,
    client_certificates integer NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    not_before timestamptz(3) NOT NULL,
    detail text,
    recorded_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_metering_records PRIMARY KEY (instance_id, started_at),
    CONSTRAINT ck_metering_records_state CHECK (state IN ('pending', 'accepted', 'refused'))
  )`,
  `CREATE INDEX ix_metering_records_pending ON metering_records (instance_id, not_before) WHERE state = 'pending'`,
];

// After a transaction that set it, the setting reads as '' and not as null.
const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

export const CATALOG_PROTECTION = CATALOG_TABLE_NAMES.flatMap((name) => [
  `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY tenant ON ${name} TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${APPLICATION_ROLE}`,
]);

const SIGNATURES = {
  operations: 'directory_due_operations(p_now timestamptz, p_limit integer)',
  meterable: 'directory_meterable_instances(p_before timestamptz, p_after uuid, p_limit integer)',
  usage: 'directory_pending_usage(p_now timestamptz, p_limit integer)',
  instances: 'directory_catalog_instances(p_after uuid, p_limit integer)',
};

const directoryFunction = (signature: string, returns: string, body: string): string[] => [
  `CREATE FUNCTION ${signature} RETURNS TABLE (${returns}) LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $body$ ${body} $body$`,
  `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  `ALTER FUNCTION ${signature} OWNER TO ${DIRECTORY_ROLE}`,
];

/** What the background workers ask about all tenants; each answer leads to a transaction of one tenant. */
export const CATALOG_DIRECTORY = [
  ...['catalog_instances', 'catalog_operations', 'metering_records'].map(
    (table) => `CREATE POLICY directory ON ${table} FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  ),
  `GRANT SELECT (instance_id, crn, status, metered_until) ON catalog_instances TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, number, state, not_before) ON catalog_operations TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT ON metering_records TO ${DIRECTORY_ROLE}`,
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  ...directoryFunction(
    SIGNATURES.operations,
    'instance_id uuid, number integer',
    `SELECT o.instance_id, o.number FROM catalog_operations o
      WHERE o.state = 'in progress' AND o.not_before <= p_now ORDER BY o.not_before, o.instance_id LIMIT p_limit`,
  ),
  ...directoryFunction(
    SIGNATURES.meterable,
    'instance_id uuid',
    `SELECT c.instance_id FROM catalog_instances c
      WHERE c.status IN ('ready', 'updating') AND c.metered_until < p_before
        AND (p_after IS NULL OR c.instance_id > p_after)
      ORDER BY c.instance_id LIMIT p_limit`,
  ),
  ...directoryFunction(
    SIGNATURES.usage,
    `instance_id uuid, started_at timestamptz, ended_at timestamptz, crn text, service_id text, plan_id text,
      live_keys integer, client_certificates integer, attempts integer`,
    `SELECT u.instance_id, u.started_at, u.ended_at, u.crn, u.service_id, u.plan_id, u.live_keys,
        u.client_certificates, u.attempts
      FROM metering_records u WHERE u.state = 'pending' AND u.not_before <= p_now
      ORDER BY u.service_id, u.started_at, u.instance_id LIMIT p_limit`,
  ),
  ...directoryFunction(
    SIGNATURES.instances,
    'instance_id uuid, crn text, status text',
    `SELECT c.instance_id, c.crn, c.status FROM catalog_instances c
      WHERE c.status NOT IN ('deleted', 'failed') AND (p_after IS NULL OR c.instance_id > p_after)
      ORDER BY c.instance_id LIMIT p_limit`,
  ),
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

export const DROP_CATALOG_DIRECTORY = Object.values(SIGNATURES).map(
  (signature) => `DROP FUNCTION ${signature.replaceAll(/p_\w+ /g, '')}`,
);
