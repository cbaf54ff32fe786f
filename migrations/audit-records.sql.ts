import { type Change } from './replaced-function';
import { API_ROLE, APPLICATION_ROLE, AUDIT_ROLE, GATEWAY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const OF_CURRENT = `USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`;
const PROCESSES = `${APPLICATION_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}`;

/** What the release before records, in the order of their codes. */
const ACTIONS = `kmip-key.create kmip-key.read kmip-key.activate kmip-key.revoke kmip-key.destroy kmip-key.locate
  kmip-key-attributes.retrieve kmip-key-attributes.add kmip-key.update kmip-key.suspend kmip-key.resume
  kmip-key.reactivate kmip-key.rewrap kmip-key.reconcile kmip-key.purge kmip-key.list kmip-key.describe
  kmip-server.query kmip-server.refuse instance.read instance.create instance.update instance.enable instance.disable
  instance.delete certificate.read certificate.create certificate.update certificate.delete certificate.expire
  certificate.prove certificate.displace kmip-credential.read kmip-credential.create kmip-credential.delete
  root-key.read root-key.check root-key.set root-key.unset root-key.move credential.read credential.set
  credential.unset key-manager.list audit.read usage.read diagnosis.read claim.create claim.delete`;

/** The same on the table and on each of its partitions, which nobody but the owner is granted anything on. */
const guarded = (table: string): readonly string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY tenant ON ${table} TO ${PROCESSES} ${OF_CURRENT}`,
];

export const TABLE = [
  // Where the chain stands besides: the month of its newest record, and the hour that this one tells.
  `ALTER TABLE audit_chain_heads ADD COLUMN month integer NOT NULL DEFAULT 0, ADD COLUMN hour integer NOT NULL DEFAULT 0`,

  // A month (YYYYMM, in UTC) is that of the append, and never goes back within a chain. packed is the event, as libs/audit
  // packs it; occurred_at, action, failed and target repeat parts of it for searching. hour (since 1970) is that of
  // occurred_at where it is another one than in the record before, or the month is; 0 otherwise: few records are found
  // by their time, and the others between them. Nothing is NULL, and fields are in the order that leaves no gaps.
  `CREATE TABLE audit_records (
    instance_id uuid NOT NULL,
    seq bigint NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    month integer NOT NULL,
    hour integer NOT NULL,
    action smallint NOT NULL,
    failed boolean NOT NULL,
    hash bytea NOT NULL,
    target bytea NOT NULL,
    packed bytea NOT NULL
  ) PARTITION BY LIST (month)`,
  ...guarded('audit_records'),
  `CREATE POLICY append ON audit_records TO ${AUDIT_ROLE} ${OF_CURRENT}`,
  `GRANT SELECT, INSERT ON audit_records TO ${AUDIT_ROLE}`,
  `GRANT SELECT ON audit_records TO ${APPLICATION_ROLE}, ${API_ROLE}`,
  `CREATE INDEX ix_audit_records_target ON audit_records (instance_id, target, seq) WHERE target <> ''`,
  // 2: a successful Get is nearly every record.
  'CREATE INDEX ix_audit_records_action ON audit_records (instance_id, action, seq) WHERE action <> 2',
  'CREATE INDEX ix_audit_records_failures ON audit_records (instance_id, seq) WHERE failed',
  'CREATE INDEX ix_audit_records_hour ON audit_records (instance_id, hour, seq) WHERE hour > 0',

  // For months that nobody has prepared.
  'CREATE TABLE audit_records_default PARTITION OF audit_records DEFAULT',
  ...guarded('audit_records_default'),
  'CREATE UNIQUE INDEX ux_audit_records_default ON audit_records_default (instance_id, seq)',

  // Makes the partitions of this month and of the two after it. Of a month that the default partition has records of
  // already, they go on there. As the owner, since nobody else may make tables; what it does is not for callers to say.
  `CREATE FUNCTION prepare_audit_months() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '3s' AS $body$
    DECLARE v_month text; v_table text; v_statement text;
    BEGIN
      FOR v_month IN SELECT to_char(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + n * interval '1 month',
          'YYYYMM') FROM generate_series(0, 2) n LOOP
        v_table := 'audit_records_' || v_month;
        CONTINUE WHEN to_regclass('public.' || v_table) IS NOT NULL;
        BEGIN
          FOREACH v_statement IN ARRAY ARRAY[
            'CREATE TABLE public.%1$I (LIKE audit_records)',
            'ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY',
            'ALTER TABLE %1$I FORCE ROW LEVEL SECURITY',
            $policy$CREATE POLICY tenant ON %1$I TO ${PROCESSES} ${OF_CURRENT}$policy$,
            'CREATE UNIQUE INDEX ux_%1$s ON %1$I (instance_id, seq)',
            'ALTER TABLE audit_records ATTACH PARTITION %1$I FOR VALUES IN (%2$s)'
          ] LOOP
            EXECUTE format(v_statement, v_table, v_month);
          END LOOP;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
      END LOOP;
    END $body$`,
  'REVOKE ALL ON FUNCTION prepare_audit_months() FROM PUBLIC',
  `GRANT EXECUTE ON FUNCTION prepare_audit_months() TO ${API_ROLE}`,
  'SELECT prepare_audit_months()',

  // An event as text, in the form that libs/audit calls TEXT: of the release before, which does not pack.
  `CREATE FUNCTION pack_audit_text(p_event text) RETURNS bytea LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_event jsonb := p_event; v_id text := v_event #>> '{target,id}'; v_target bytea;
    BEGIN
      v_target := CASE
        WHEN v_id IS NULL THEN ''
        WHEN v_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN uuid_send(v_id::uuid)
        ELSE substring(convert_to(v_id, 'UTF8') FROM 1 FOR 255) END;
      RETURN '\\x00'::bytea || int8send((extract(epoch FROM (v_event ->> 'occurredAt')::timestamptz) * 1000)::bigint)
        || int2send(coalesce(array_position(regexp_split_to_array('${ACTIONS.replaceAll(/\s+/g, ' ')}', ' '),
          substring(v_event ->> 'action' FROM '^vmware-solutions\\.(.*)$')), 0)::smallint)
        || CASE WHEN v_event ->> 'outcome' = 'failure' THEN '\\x01'::bytea ELSE '\\x00' END
        || set_byte('\\x00', 0, length(v_target)) || v_target || convert_to(p_event, 'UTF8');
    END $body$`,
  'REVOKE ALL ON FUNCTION pack_audit_text(text) FROM PUBLIC',
  `GRANT EXECUTE ON FUNCTION pack_audit_text(text) TO ${AUDIT_ROLE}`,

  // Of the release before, a session may be in the middle of appending to where records were: it is to do it again.
  `CREATE FUNCTION refuse_audit_event() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      RAISE EXCEPTION 'audit records go to audit_records' USING ERRCODE = 'serialization_failure';
    END $body$`,
  `CREATE TRIGGER refuse_audit_event BEFORE INSERT ON audit_events FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_audit_event()`,
];

export const DROP_TABLE = [
  'DROP TRIGGER refuse_audit_event ON audit_events',
  'DROP FUNCTION refuse_audit_event()',
  'DROP FUNCTION pack_audit_text(text)',
  'DROP FUNCTION prepare_audit_months()',
  'DROP TABLE audit_records',
  'ALTER TABLE audit_chain_heads DROP COLUMN month, DROP COLUMN hour',
];

const WITH_PACKED = ', p_packed bytea[] DEFAULT NULL::bytea[])';

/** The events come as text, which is hashed, and packed, which is stored; a release before gives the text alone. */
export const CHANGES: readonly Change[] = [
  {
    name: 'append_audit',
    edits: [
      ['p_events text[])', `p_events text[]${WITH_PACKED}`],
      [
        'DECLARE v_event text; v_json jsonb; v_previous bytea;',
        'DECLARE v_month integer; v_hour integer; v_packed bytea; v_ms bigint; v_of integer;',
      ],
      [
        'SELECT h.seq, h.hash INTO last_seq, last_hash FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;\n      IF',
        `SELECT h.seq, h.hash, h.month, h.hour INTO last_seq, last_hash, v_month, v_hour
        FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;\n      IF`,
      ],
      [
        'SELECT h.seq, h.hash INTO last_seq, last_hash FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;\n      END IF;',
        `SELECT h.seq, h.hash, h.month, h.hour INTO last_seq, last_hash, v_month, v_hour
          FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      END IF;
      IF v_month < to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM')::integer THEN
        v_month := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM');
        v_hour := 0;
      END IF;`,
      ],
      [
        `FOREACH v_event IN ARRAY p_events LOOP
        v_json := v_event::jsonb;
        v_previous := last_hash;
        last_seq := last_seq + 1;
        last_hash := sha256(v_previous || int8send(last_seq) || convert_to(v_event, 'UTF8'));
        INSERT INTO audit_events (instance_id, seq, event, previous_hash, hash, occurred_at, action, outcome, target_id,
            correlation_id)
          VALUES (p_instance, last_seq, v_event, v_previous, last_hash, (v_json ->> 'occurredAt')::timestamptz,
            v_json ->> 'action', v_json ->> 'outcome', v_json #>> '{target,id}', v_json ->> 'correlationId');
      END LOOP;`,
        `FOR n IN 1 .. cardinality(p_events) LOOP
        v_packed := coalesce(p_packed[n], pack_audit_text(p_events[n]));
        v_ms := ('x' || encode(substring(v_packed FROM 2 FOR 8), 'hex'))::bit(64)::bigint;
        v_of := greatest(v_ms / 3600000, 1);
        last_seq := last_seq + 1;
        last_hash := sha256(last_hash || int8send(last_seq) || convert_to(p_events[n], 'UTF8'));
        INSERT INTO audit_records (instance_id, seq, occurred_at, month, hour, action, failed, hash, target, packed)
          VALUES (p_instance, last_seq, to_timestamp(v_ms / 1000::float8), v_month,
            CASE WHEN v_of = v_hour THEN 0 ELSE v_of END, get_byte(v_packed, 9) * 256 + get_byte(v_packed, 10),
            get_byte(v_packed, 11) = 1, last_hash, substring(v_packed FROM 14 FOR get_byte(v_packed, 12)), v_packed);
        v_hour := v_of;
      END LOOP;`,
      ],
      [
        'SET seq = last_seq, hash = last_hash WHERE',
        'SET seq = last_seq, hash = last_hash, month = v_month, hour = v_hour WHERE',
      ],
    ],
  },
  {
    name: 'append_audit_for',
    edits: [
      ['p_certificates uuid[])', `p_certificates uuid[]${WITH_PACKED}`],
      ['FROM append_audit(p_instance, p_events) a;', 'FROM append_audit(p_instance, p_events, p_packed) a;'],
    ],
  },
  {
    name: 'audit_holds',
    edits: [
      [
        'RETURN EXISTS (SELECT FROM audit_events e WHERE e.instance_id = p_instance AND e.seq = p_seq AND e.hash = p_hash);',
        `RETURN EXISTS (SELECT FROM audit_records e WHERE e.instance_id = p_instance AND e.seq = p_seq AND e.hash = p_hash)
        OR EXISTS (SELECT FROM audit_events e WHERE e.instance_id = p_instance AND e.seq = p_seq AND e.hash = p_hash);`,
      ],
    ],
  },
  {
    name: 'hold_audit_chain',
    edits: [
      ['p_sought text[])', `p_sought text[]${WITH_PACKED}`],
      [
        'RETURN ARRAY(SELECT e.event FROM audit_events e',
        `RETURN ARRAY(SELECT s.event FROM audit_records e
          JOIN (SELECT g.event, coalesce(g.packed, pack_audit_text(g.event)) AS packed
            FROM unnest(p_sought, p_packed) g (event, packed)) s ON s.packed = e.packed
          WHERE e.instance_id = p_instance AND e.seq > v_seq - 10000
        UNION ALL SELECT e.event FROM audit_events e`,
      ],
    ],
  },
  {
    name: 'record_served',
    edits: [
      ['p_again boolean)', `p_again boolean${WITH_PACKED}`],
      ['v_new text[];', 'v_new text[]; v_packed bytea[];'],
      [`THEN p_events ELSE '{}' END);`, `THEN p_events ELSE '{}' END, p_packed);`],
      [
        'array_agg(j.event ORDER BY j.entry) FILTER (WHERE j.outcome IS NULL),',
        `array_agg(j.event ORDER BY j.entry) FILTER (WHERE j.outcome IS NULL),
          array_agg(p_packed[j.entry::integer] ORDER BY j.entry) FILTER (WHERE j.outcome IS NULL),`,
      ],
      ['INTO outcomes, v_new, v_fetched', 'INTO outcomes, v_new, v_packed, v_fetched'],
      [`append_audit(p_instance, coalesce(v_new, '{}'))`, `append_audit(p_instance, coalesce(v_new, '{}'), v_packed)`],
    ],
  },
  {
    name: 'complete_intents',
    edits: [
      ['p_certificates uuid[])', `p_certificates uuid[]${WITH_PACKED}`],
      [`v_events text[] := '{}';`, `v_events text[] := '{}'; v_packed bytea[] := '{}';`],
      [
        'v_events := v_events || p_events[n];',
        'v_events := v_events || p_events[n]; v_packed := array_append(v_packed, p_packed[n]);',
      ],
      ['FROM append_audit(p_instance, v_events) a;', 'FROM append_audit(p_instance, v_events, v_packed) a;'],
    ],
  },
];
