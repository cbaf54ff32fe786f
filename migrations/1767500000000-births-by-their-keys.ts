import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { FUNCTIONS } from './1766900000000-born-by-two-statements';

/** What is looked up here is looked up by its whole key, whatever the statistics said when the plan was made. */
const BY_INDEX = 'SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off';

const UP = [
  // Intents to create keys, of one instance, each with a place in its quota. outcomes says of each why not: a refusal of
  // its certificate (NULL: nobody's), 'quota_exceeded', or NULL. One that is open already is left as it is. The scope is
  // of the statement's own transaction.
  `CREATE OR REPLACE FUNCTION open_intents(p_instance uuid, p_ids uuid[], p_names text[], p_started_at timestamptz[],
      p_created_by text[], p_maximum integer[], p_certificates uuid[])
    RETURNS TABLE (outcomes text[]) LANGUAGE plpgsql ${BY_INDEX} AS $body$
    DECLARE v_live integer; v_open uuid[]; v_opened uuid[] := '{}'; v_client uuid; v_refusal text; v_outcome text;
    BEGIN
      PERFORM set_config('app.instance_id', p_instance::text, true);
      SELECT u.live_keys INTO v_live FROM instance_usage u WHERE u.instance_id = p_instance FOR UPDATE;
      IF NOT FOUND THEN
        -- Of an instance that goes away nothing comes to be any more: its clients are told so below.
        INSERT INTO instance_usage (instance_id, live_keys)
          SELECT i.id, 0 FROM instances i WHERE i.id = p_instance AND i.state <> 'removing' ON CONFLICT DO NOTHING;
        SELECT u.live_keys INTO v_live FROM instance_usage u WHERE u.instance_id = p_instance FOR UPDATE;
      END IF;
      SELECT array_agg(i.id) INTO v_open FROM creation_intents i WHERE i.instance_id = p_instance AND i.id = ANY (p_ids);
      FOR n IN 1 .. cardinality(p_ids) LOOP
        IF p_certificates[n] IS DISTINCT FROM v_client THEN
          v_client := p_certificates[n];
          v_refusal := CASE WHEN v_client IS NOT NULL THEN certificate_refusal(p_instance, v_client) END;
        END IF;
        v_outcome := v_refusal;
        IF v_refusal IS NULL AND (p_ids[n] = ANY (v_open)) IS NOT TRUE THEN
          IF v_live + cardinality(v_opened) >= p_maximum[n] THEN v_outcome := 'quota_exceeded';
          ELSE v_opened := v_opened || p_ids[n];
          END IF;
        END IF;
        outcomes := array_append(outcomes, v_outcome);
      END LOOP;
      IF cardinality(v_opened) > 0 THEN
        INSERT INTO creation_intents (instance_id, id, stored_key_name, started_at, created_by)
          SELECT p_instance, g.id, g.name, g.started_at, g.created_by
            FROM unnest(p_ids, p_names, p_started_at, p_created_by) AS g (id, name, started_at, created_by)
            WHERE g.id = ANY (v_opened);
        UPDATE instance_usage u SET live_keys = u.live_keys + cardinality(v_opened) WHERE u.instance_id = p_instance;
      END IF;
      RETURN NEXT;
    END $body$`,

  // Objects that take the places of their intents, of one instance: p_objects are rows of managed_objects, p_attributes
  // rows of managed_object_attributes with the object's id, p_events and p_certificates theirs in the same order.
  // outcomes says of each why not: 'certificate_displaced' or a refusal, 'intent_closed' (it is claimed, or there is
  // none), 'digest_repeated', or NULL. An object that is there already is left as it is, and nothing is recorded twice.
  // Rows are written before the head of the audit chain is held, as by every other change: whoever holds a Name waits
  // for the chain. What is withdrawn, or born with the same digest, until the chain is held is noticed then: nothing is
  // done, and the gateway asks again (serialization_failure). A Name that is taken fails all of them by its unique index.
  `CREATE OR REPLACE FUNCTION complete_intents(p_instance uuid, p_objects jsonb, p_attributes jsonb, p_events text[],
      p_certificates uuid[])
    RETURNS TABLE (outcomes text[], recorded boolean[], last_seq bigint, last_hash bytea)
    LANGUAGE plpgsql ${BY_INDEX} AS $body$
    DECLARE v_ids uuid[]; v_digests bytea[]; v_destroyed uuid[]; v_open uuid[]; v_present uuid[]; v_known bytea[];
      v_born uuid[] := '{}'; v_new bytea[] := '{}'; v_events text[] := '{}'; v_clients uuid[] := '{}'; v_columns text;
      v_client uuid; v_displaced boolean; v_refusal text; v_outcome text; v_is_present boolean; v_is_born boolean;
    BEGIN
      PERFORM set_config('app.instance_id', p_instance::text, true);
      SELECT array_agg((b.row ->> 'id')::uuid ORDER BY b.entry), array_agg((b.row ->> 'digest')::bytea ORDER BY b.entry),
          array_agg((b.row ->> 'id')::uuid) FILTER (WHERE b.row ->> 'state' IN ('Destroyed', 'DestroyedCompromised'))
        INTO v_ids, v_digests, v_destroyed FROM jsonb_array_elements(p_objects) WITH ORDINALITY AS b (row, entry);
      SELECT array_agg(l.id) FILTER (WHERE l.claimed_at IS NULL) INTO v_open
        FROM (SELECT i.id, i.claimed_at FROM creation_intents i
          WHERE i.instance_id = p_instance AND i.id = ANY (v_ids) ORDER BY i.id FOR UPDATE) l;
      IF coalesce(cardinality(v_open), 0) < cardinality(v_ids) THEN
        SELECT array_agg(o.id) INTO v_present FROM managed_objects o
          WHERE o.instance_id = p_instance AND o.id = ANY (v_ids);
      END IF;
      -- = ANY: only the index that has the digest serves it, however few rows an instance seems to have.
      SELECT array_agg(m.digest) INTO v_known FROM managed_objects m
        WHERE m.instance_id = p_instance AND m.digest = ANY (v_digests);
      FOR n IN 1 .. cardinality(v_ids) LOOP
        IF p_certificates[n] IS DISTINCT FROM v_client THEN
          v_client := p_certificates[n];
          v_displaced := v_client IS NOT NULL AND certificate_displaced(p_instance, v_client);
          v_refusal := CASE WHEN v_client IS NOT NULL THEN certificate_refusal(p_instance, v_client) END;
        END IF;
        v_is_present := coalesce(v_ids[n] = ANY (v_present), false);
        v_outcome := CASE
          WHEN v_is_present THEN v_refusal
          WHEN v_displaced THEN 'certificate_displaced'
          WHEN (v_ids[n] = ANY (v_open)) IS NOT TRUE THEN 'intent_closed'
          WHEN v_digests[n] = ANY (v_known) OR v_digests[n] = ANY (v_digests[:n - 1]) THEN 'digest_repeated'
          ELSE v_refusal END;
        v_is_born := v_outcome IS NULL AND NOT v_is_present;
        outcomes := array_append(outcomes, v_outcome);
        recorded := recorded || v_is_born;
        IF v_is_born THEN
          v_born := v_born || v_ids[n];
          v_new := v_new || v_digests[n];
          v_events := v_events || p_events[n];
          IF v_client IS NOT NULL AND NOT v_client = ANY (v_clients) THEN v_clients := v_clients || v_client; END IF;
        END IF;
      END LOOP;
      IF cardinality(v_born) > 0 THEN
        DELETE FROM creation_intents i WHERE i.instance_id = p_instance AND i.id = ANY (v_born);
        -- What is not given is NULL. A release that does not know a column with a default leaves it to that, at the price
        -- of planning the statement each time.
        IF (p_objects -> 0) ?& ARRAY(SELECT c.attname::text FROM pg_attribute c
            WHERE c.attrelid = 'managed_objects'::regclass AND c.atthasdef) THEN
          INSERT INTO managed_objects SELECT r.* FROM jsonb_populate_recordset(jsonb_populate_record(
              NULL::managed_objects, jsonb_build_object('instance_id', p_instance)), p_objects) r
            WHERE r.id = ANY (v_born);
        ELSE
          SELECT string_agg(quote_ident(c), ', ') INTO v_columns FROM jsonb_object_keys(p_objects -> 0) c;
          EXECUTE format('INSERT INTO managed_objects (instance_id, %1$s) SELECT $1, %1$s
              FROM jsonb_populate_recordset(NULL::managed_objects, $2) WHERE id = ANY ($3)', v_columns)
            USING p_instance, p_objects, v_born;
        END IF;
        IF p_attributes <> '[]' THEN
          -- In the order of Names, so that two gateways do not wait for each other in a ring.
          INSERT INTO managed_object_attributes
              (instance_id, object_id, released, name, index, value, value_hash, item_hashes, name_hash)
            SELECT p_instance, a.object_id, a.released, a.name, a.index, a.value, a.value_hash, a.item_hashes, a.name_hash
              FROM jsonb_populate_recordset(NULL::managed_object_attributes, p_attributes) a
              WHERE a.object_id = ANY (v_born) ORDER BY a.name_hash;
        END IF;
        -- The intent held a place for it; one that comes destroyed needs none.
        IF v_destroyed && v_born THEN
          UPDATE instance_usage u SET live_keys = u.live_keys
              - (SELECT count(*) FROM unnest(v_destroyed) d (id) WHERE d.id = ANY (v_born))
            WHERE u.instance_id = p_instance;
        END IF;
        PERFORM hold_audit_chain(p_instance, '{}');
        FOREACH v_client IN ARRAY v_clients LOOP
          IF certificate_displaced(p_instance, v_client) OR certificate_refusal(p_instance, v_client) IS NOT NULL THEN
            RAISE EXCEPTION 'a client certificate was withdrawn meanwhile' USING ERRCODE = 'serialization_failure';
          END IF;
        END LOOP;
        IF (SELECT count(*) FROM managed_objects m WHERE m.instance_id = p_instance AND m.digest = ANY (v_new))
            > cardinality(v_new) THEN
          RAISE EXCEPTION 'a digest was born twice' USING ERRCODE = 'serialization_failure';
        END IF;
        SELECT a.last_seq, a.last_hash INTO last_seq, last_hash FROM append_audit(p_instance, v_events) a;
      END IF;
      RETURN NEXT;
    END $body$`,
];

/**
 * A birth costs the same however many keys its instance has. Changes no rows; the release before calls the same functions.
 */
export class BirthsByTheirKeys1767500000000 implements MigrationInterface {
  readonly name = 'BirthsByTheirKeys1767500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of FUNCTIONS) {
      await queryRunner.query(statement.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION'));
    }
  }
}
