import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE } from './roles';

const OPEN = 'open_intents(uuid, uuid[], text[], timestamptz[], text[], integer[], uuid[])';
const COMPLETE = 'complete_intents(uuid, jsonb, jsonb, text[], uuid[])';

export const FUNCTIONS = [
  // Intents to create keys, of one instance, each with a place in its quota. outcomes says of each why not: a refusal of
  // its certificate (NULL: nobody's), 'quota_exceeded', or NULL. One that is open already is left as it is. The scope is
  // of the statement's own transaction.
  `CREATE FUNCTION open_intents(p_instance uuid, p_ids uuid[], p_names text[], p_started_at timestamptz[],
      p_created_by text[], p_maximum integer[], p_certificates uuid[])
    RETURNS TABLE (outcomes text[]) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_live integer; v_opened uuid[];
    BEGIN
      PERFORM set_config('app.instance_id', p_instance::text, true);
      SELECT u.live_keys INTO v_live FROM instance_usage u WHERE u.instance_id = p_instance FOR UPDATE;
      IF NOT FOUND THEN
        -- Of an instance that goes away nothing comes to be any more: its clients are told so below.
        INSERT INTO instance_usage (instance_id, live_keys)
          SELECT i.id, 0 FROM instances i WHERE i.id = p_instance AND i.state <> 'removing' ON CONFLICT DO NOTHING;
        SELECT u.live_keys INTO v_live FROM instance_usage u WHERE u.instance_id = p_instance FOR UPDATE;
      END IF;
      WITH refusals AS MATERIALIZED (
          SELECT c.id, certificate_refusal(p_instance, c.id) AS reason FROM (SELECT DISTINCT unnest(p_certificates)) c (id)
            WHERE c.id IS NOT NULL),
        asked AS (
          SELECT g.*, r.reason, i.id IS NOT NULL AS is_open
            FROM unnest(p_ids, p_maximum, p_certificates) WITH ORDINALITY AS g (id, maximum, certificate, entry)
            LEFT JOIN refusals r ON r.id = g.certificate
            LEFT JOIN creation_intents i ON i.instance_id = p_instance AND i.id = g.id),
        judged AS (
          SELECT a.entry, a.id, a.is_open, CASE
              WHEN a.reason IS NOT NULL THEN a.reason
              WHEN a.is_open THEN NULL
              WHEN v_live + count(*) FILTER (WHERE a.reason IS NULL AND NOT a.is_open)
                OVER (ORDER BY a.entry) > a.maximum THEN 'quota_exceeded'
            END AS outcome FROM asked a)
        SELECT array_agg(j.outcome ORDER BY j.entry),
            array_agg(j.id) FILTER (WHERE j.outcome IS NULL AND NOT j.is_open)
          INTO outcomes, v_opened FROM judged j;
      IF v_opened IS NOT NULL THEN
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
  `CREATE FUNCTION complete_intents(p_instance uuid, p_objects jsonb, p_attributes jsonb, p_events text[],
      p_certificates uuid[])
    RETURNS TABLE (outcomes text[], recorded boolean[], last_seq bigint, last_hash bytea)
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_born uuid[]; v_events text[]; v_clients uuid[]; v_columns text;
    BEGIN
      PERFORM set_config('app.instance_id', p_instance::text, true);
      PERFORM FROM creation_intents i WHERE i.instance_id = p_instance
        AND i.id IN (SELECT (b ->> 'id')::uuid FROM jsonb_array_elements(p_objects) b) ORDER BY i.id FOR UPDATE;
      WITH births AS MATERIALIZED (
          SELECT b.entry, (b.row ->> 'id')::uuid AS id, (b.row ->> 'digest')::bytea AS digest,
              p_events[b.entry] AS event, p_certificates[b.entry] AS certificate
            FROM jsonb_array_elements(p_objects) WITH ORDINALITY AS b (row, entry)),
        judged AS (
          SELECT b.*, o.id IS NOT NULL AS present, CASE
              WHEN o.id IS NOT NULL THEN NULL
              WHEN b.certificate IS NOT NULL AND certificate_displaced(p_instance, b.certificate)
                THEN 'certificate_displaced'
              WHEN i.id IS NULL OR i.claimed_at IS NOT NULL THEN 'intent_closed'
              WHEN EXISTS (SELECT FROM managed_objects m WHERE m.instance_id = p_instance AND m.digest = b.digest)
                OR EXISTS (SELECT FROM births e WHERE e.digest = b.digest AND e.entry < b.entry) THEN 'digest_repeated'
            END AS hindrance
            FROM births b
            LEFT JOIN managed_objects o ON o.instance_id = p_instance AND o.id = b.id
            LEFT JOIN creation_intents i ON i.instance_id = p_instance AND i.id = b.id),
        permitted AS (
          SELECT j.*, coalesce(j.hindrance,
              CASE WHEN j.certificate IS NOT NULL THEN certificate_refusal(p_instance, j.certificate) END) AS outcome
            FROM judged j)
        SELECT array_agg(p.outcome ORDER BY p.entry), array_agg(p.outcome IS NULL AND NOT p.present ORDER BY p.entry),
            array_agg(p.id) FILTER (WHERE p.outcome IS NULL AND NOT p.present),
            array_agg(p.event ORDER BY p.entry) FILTER (WHERE p.outcome IS NULL AND NOT p.present),
            array_agg(DISTINCT p.certificate) FILTER (WHERE p.outcome IS NULL AND NOT p.present)
          INTO outcomes, recorded, v_born, v_events, v_clients FROM permitted p;
      IF v_born IS NOT NULL THEN
        DELETE FROM creation_intents i WHERE i.instance_id = p_instance AND i.id = ANY (v_born);
        -- Only the columns that are given: a release that does not know one leaves it to its default.
        SELECT string_agg(quote_ident(c), ', ') INTO v_columns FROM jsonb_object_keys(p_objects -> 0) c;
        EXECUTE format('INSERT INTO managed_objects (instance_id, %1$s) SELECT $1, %1$s
            FROM jsonb_populate_recordset(NULL::managed_objects, $2) WHERE id = ANY ($3)', v_columns)
          USING p_instance, p_objects, v_born;
        -- In the order of Names, so that two gateways do not wait for each other in a ring.
        INSERT INTO managed_object_attributes
            (instance_id, object_id, released, name, index, value, value_hash, item_hashes, name_hash)
          SELECT p_instance, a.object_id, a.released, a.name, a.index, a.value, a.value_hash, a.item_hashes, a.name_hash
            FROM jsonb_populate_recordset(NULL::managed_object_attributes, p_attributes) a
            WHERE a.object_id = ANY (v_born) ORDER BY a.name_hash;
        -- The intent held a place for it; one that comes destroyed needs none.
        UPDATE instance_usage u SET live_keys = u.live_keys - d.count
          FROM (SELECT count(*) FROM managed_objects m WHERE m.instance_id = p_instance AND m.id = ANY (v_born)
            AND m.state IN ('Destroyed', 'DestroyedCompromised')) d
          WHERE u.instance_id = p_instance AND d.count > 0;
        PERFORM hold_audit_chain(p_instance, '{}');
        IF EXISTS (SELECT FROM unnest(v_clients) c (id) WHERE c.id IS NOT NULL
              AND (certificate_displaced(p_instance, c.id) OR certificate_refusal(p_instance, c.id) IS NOT NULL))
            OR EXISTS (SELECT FROM managed_objects b JOIN managed_objects m
              ON m.instance_id = b.instance_id AND m.digest = b.digest AND m.id <> b.id
              WHERE b.instance_id = p_instance AND b.id = ANY (v_born)) THEN
          RAISE EXCEPTION 'what was judged has changed' USING ERRCODE = 'serialization_failure';
        END IF;
        SELECT a.last_seq, a.last_hash INTO last_seq, last_hash FROM append_audit(p_instance, v_events) a;
      END IF;
      RETURN NEXT;
    END $body$`,
];

const UP = [
  ...FUNCTIONS,
  ...[OPEN, COMPLETE].flatMap((signature) => [
    `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  ]),
];

/** A key is born by two statements. Changes no rows; the release before takes nine round trips to do the same. */
export class BornByTwoStatements1766900000000 implements MigrationInterface {
  readonly name = 'BornByTwoStatements1766900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const signature of [COMPLETE, OPEN]) await queryRunner.query(`DROP FUNCTION ${signature}`);
  }
}
