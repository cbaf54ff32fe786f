import { APPLICATION_ROLE } from './roles';

const SIGNATURES = ['certificate_refusal(uuid, uuid)', 'append_audit_for(uuid, text[], uuid[])'];

export const FUNCTIONS = [
  // Why a certificate is not served, in the words of the gateway's refusals; NULL while it is. The one place that says
  // when a registration counts. By the clock and not by the begin of the transaction, which may have waited.
  `CREATE FUNCTION certificate_refusal(p_instance uuid, p_certificate uuid) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_not_after timestamptz; v_enabled boolean; v_state text;
    BEGIN
      SELECT c.not_after, i.enabled, i.state INTO v_not_after, v_enabled, v_state
        FROM client_certificates c JOIN instances i ON i.id = c.instance_id
        WHERE c.instance_id = p_instance AND c.id = p_certificate;
      RETURN CASE
        WHEN NOT FOUND THEN 'certificate_removed'
        WHEN v_not_after < clock_timestamp() THEN 'certificate_expired'
        WHEN NOT v_enabled THEN 'instance_disabled'
        WHEN v_state = 'removing' THEN 'instance_removing'
      END;
    END $body$`,

  // append_audit for events that come of clients' requests. Looks at their certificates after the head of the chain is
  // locked, and with the eyes of that moment: a removal writes to the same chain, so either it comes after this commit,
  // or it is seen here. Refuses by KM001, whose detail is an object of reasons by certificate.
  `CREATE FUNCTION append_audit_for(p_instance uuid, p_events text[], p_certificates uuid[])
    RETURNS TABLE (last_seq bigint, last_hash bytea)
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_refused text;
    BEGIN
      SELECT a.last_seq, a.last_hash INTO last_seq, last_hash FROM append_audit(p_instance, p_events) a;
      SELECT jsonb_object_agg(c.id, c.reason) INTO v_refused
        FROM (SELECT id, certificate_refusal(p_instance, id) AS reason FROM unnest(p_certificates) AS id) c
        WHERE c.reason IS NOT NULL;
      IF v_refused IS NOT NULL THEN
        RAISE EXCEPTION 'a client certificate is not served any more' USING ERRCODE = 'KM001', DETAIL = v_refused;
      END IF;
      RETURN NEXT;
    END $body$`,

  ...SIGNATURES.flatMap((signature) => [
    `REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION ${signature} TO ${APPLICATION_ROLE}`,
  ]),
];

export const UNDO = SIGNATURES.map((signature) => `DROP FUNCTION ${signature}`).reverse();
