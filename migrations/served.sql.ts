/** Where a fetch is noted. */
interface FetchNotes {
  /** Which rows of `o`, of those that are fetched, are held before the chain is: whatever is going to be written there. */
  readonly locked: string;
  /** The statements that note `v_fetched`. */
  readonly noted: string;
}

export const ROWS_OF_OBJECTS: FetchNotes = {
  locked: 'true',
  noted: `UPDATE managed_objects o SET fresh = false, last_fetched_at = GREATEST(o.last_fetched_at, p_fetched_at)
        WHERE o.instance_id = p_instance AND o.id = ANY (v_fetched);`,
};

/** The row of an object is written by its first fetch only. */
export const ROWS_OF_FETCHES: FetchNotes = {
  locked: 'o.fresh',
  noted: `IF v_fetched IS NOT NULL THEN
        UPDATE managed_objects o SET fresh = false
          WHERE o.instance_id = p_instance AND o.id = ANY (v_fetched) AND o.fresh;
        UPDATE key_fetches f SET fetched_at = p_fetched_at
          WHERE f.instance_id = p_instance AND f.object_id = ANY (v_fetched) AND f.fetched_at < p_fetched_at;
      END IF;`,
};

/**
 * Fetches and plain records of one instance, entry by entry: the event, the certificate in whose name it happened
 * (NULL: nobody's), the key that is about to be served (NULL: none) and how the caller saw it. An entry is recorded
 * unless its certificate is not served any more or its key is not as it was seen; outcomes says for each entry why
 * not: a refusal, 'changed', or NULL. Certificates and keys are judged when the head of the chain is held, with the
 * eyes of that moment: whoever withdraws something writes to the same chain, so it comes after this or is seen here.
 * The scope is of the statement's own transaction and ends with it, whatever becomes of it.
 * p_again: an attempt before may have been committed; what it has recorded is not recorded twice.
 */
export const recordServed = ({ locked, noted }: FetchNotes): string =>
  `CREATE OR REPLACE FUNCTION record_served(p_instance uuid, p_events text[], p_certificates uuid[], p_keys uuid[], p_seen text[],
    p_fetched_at timestamptz, p_again boolean)
  RETURNS TABLE (outcomes text[], last_seq bigint, last_hash bytea)
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
  DECLARE v_held text[]; v_new text[]; v_fetched uuid[];
  BEGIN
    PERFORM set_config('app.instance_id', p_instance::text, true);
    -- In the order of identifiers, so that two gateways serving the same keys do not wait for each other in a ring.
    PERFORM FROM managed_objects o WHERE o.instance_id = p_instance AND o.id = ANY (p_keys) AND ${locked}
      ORDER BY o.id FOR NO KEY UPDATE;
    v_held := hold_audit_chain(p_instance, CASE WHEN p_again THEN p_events ELSE '{}' END);
    WITH refusals AS MATERIALIZED (
        SELECT c.id, certificate_refusal(p_instance, c.id) AS reason FROM (SELECT DISTINCT unnest(p_certificates)) c (id)
          WHERE c.id IS NOT NULL),
      judged AS (
        SELECT g.entry, g.event, g.key, CASE
            WHEN g.event = ANY (v_held) THEN 'held'
            WHEN r.reason IS NOT NULL THEN r.reason
            WHEN g.key IS NOT NULL AND o.seen IS DISTINCT FROM g.seen THEN 'changed'
          END AS outcome
          FROM unnest(p_events, p_certificates, p_keys, p_seen) WITH ORDINALITY AS g (event, certificate, key, seen, entry)
          LEFT JOIN refusals r ON r.id = g.certificate
          LEFT JOIN LATERAL (
            SELECT concat_ws(chr(31), m.state, coalesce((extract(epoch FROM m.activation_date) * 1000)::bigint::text, ''),
                coalesce((extract(epoch FROM m.deactivation_date) * 1000)::bigint::text, ''), m.stored_key_id,
                m.root_key_id, m.root_key_version, m.stored_key_authenticated, encode(m.digest, 'hex')) AS seen
              FROM managed_objects m WHERE m.instance_id = p_instance AND m.id = g.key AND NOT m.suspended
                AND m.destroy_requested_at IS NULL) o ON g.key IS NOT NULL)
      SELECT array_agg(nullif(j.outcome, 'held') ORDER BY j.entry),
          array_agg(j.event ORDER BY j.entry) FILTER (WHERE j.outcome IS NULL),
          array_agg(j.key) FILTER (WHERE j.outcome IS NULL AND j.key IS NOT NULL)
        INTO outcomes, v_new, v_fetched FROM judged j;
    ${noted}
    IF v_new IS NOT NULL OR cardinality(v_held) > 0 THEN
      SELECT a.last_seq, a.last_hash INTO last_seq, last_hash FROM append_audit(p_instance, coalesce(v_new, '{}')) a;
    END IF;
    RETURN NEXT;
  END $body$`;
