import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { APPLICATION_ROLE, AUDIT_ROLE } from './roles';
import { recordServed, ROWS_OF_OBJECTS } from './served.sql';

const HOLD = 'hold_audit_chain(uuid, text[])';
const RECORD = 'record_served(uuid, text[], uuid[], uuid[], text[], timestamptz, boolean)';

const UP = [
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${AUDIT_ROLE}`,
  // Holds the head of a chain until the end of the transaction. Of p_sought, the events that its newest records have:
  // for whoever does not know whether an attempt before this one was committed.
  `CREATE FUNCTION hold_audit_chain(p_instance uuid, p_sought text[]) RETURNS text[] LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE v_seq bigint;
    BEGIN
      SELECT h.seq INTO v_seq FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      IF NOT FOUND THEN
        INSERT INTO audit_chain_heads VALUES (p_instance, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT h.seq INTO v_seq FROM audit_chain_heads h WHERE h.instance_id = p_instance FOR UPDATE;
      END IF;
      IF cardinality(p_sought) = 0 THEN RETURN p_sought; END IF;
      RETURN ARRAY(SELECT e.event FROM audit_events e
        WHERE e.instance_id = p_instance AND e.seq > v_seq - 10000 AND e.event = ANY (p_sought));
    END $body$`,
  `REVOKE ALL ON FUNCTION ${HOLD} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${HOLD} TO ${APPLICATION_ROLE}`,
  `ALTER FUNCTION ${HOLD} OWNER TO ${AUDIT_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${AUDIT_ROLE}`,

  recordServed(ROWS_OF_OBJECTS),
  `REVOKE ALL ON FUNCTION ${RECORD} FROM PUBLIC`,
  `GRANT EXECUTE ON FUNCTION ${RECORD} TO ${APPLICATION_ROLE}`,
];

/** A fetch is recorded by one statement. Changes no rows; the release before takes three round trips to do the same. */
export class ServedByOneStatement1766700000000 implements MigrationInterface {
  readonly name = 'ServedByOneStatement1766700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const signature of [RECORD, HOLD]) await queryRunner.query(`DROP FUNCTION ${signature}`);
  }
}
