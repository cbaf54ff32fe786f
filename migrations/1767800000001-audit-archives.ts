import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { replaceFunction } from './replaced-function';
import { API_ROLE, APPLICATION_ROLE, AUDIT_ROLE, DIRECTORY_ROLE, GATEWAY_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;
const OF_CURRENT = `USING (instance_id = ${CURRENT_INSTANCE})`;
const MONTH = 'directory_audit_month(integer, uuid, integer)';

const UP = [
  // Which records of a chain lie in a file outside, by month; 0: those of audit_events, from before there were months. No
  // reference to instances: as the trail, they outlive them. jws is the signed head of the last of them, if one was signed.
  `CREATE TABLE audit_archives (
    instance_id uuid NOT NULL,
    month integer NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    hash bytea NOT NULL,
    file_sha256 bytea NOT NULL,
    jws text,
    archived_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_audit_archives PRIMARY KEY (instance_id, month)
  )`,
  'ALTER TABLE audit_archives ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE audit_archives FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON audit_archives TO ${APPLICATION_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}
    ${OF_CURRENT} WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `CREATE POLICY append ON audit_archives FOR SELECT TO ${AUDIT_ROLE} ${OF_CURRENT}`,
  `CREATE POLICY directory ON audit_archives FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  `GRANT SELECT ON audit_archives TO ${AUDIT_ROLE}, ${DIRECTORY_ROLE}`,

  // What directory functions may see of the trails: where they are, not what is in them.
  ...['audit_records', 'audit_events'].map(
    (table) => `CREATE POLICY directory ON ${table} FOR SELECT TO ${DIRECTORY_ROLE} USING (true)`,
  ),
  `GRANT SELECT (instance_id, seq, month, hash) ON audit_records TO ${DIRECTORY_ROLE}`,
  `GRANT SELECT (instance_id, seq, hash) ON audit_events TO ${DIRECTORY_ROLE}`,

  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  `GRANT CREATE ON SCHEMA public TO ${DIRECTORY_ROLE}`,
  // The chains that have records of a month (0: in audit_events), with where these begin and end, and what is archived.
  `CREATE FUNCTION directory_audit_month(p_month integer, p_after uuid, p_limit integer)
    RETURNS TABLE (instance_id uuid, first_seq bigint, last_seq bigint, hash bytea, archived_first bigint,
      archived_last bigint, archived_hash bytea, file_sha256 bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT h.instance_id, f.seq, l.seq, l.hash, a.first_seq, a.last_seq, a.hash, a.file_sha256
      FROM audit_chain_heads h
      CROSS JOIN LATERAL (
        (SELECT r.seq FROM audit_records r WHERE r.instance_id = h.instance_id AND r.month = p_month ORDER BY r.seq LIMIT 1)
        UNION ALL (SELECT e.seq FROM audit_events e WHERE p_month = 0 AND e.instance_id = h.instance_id
          ORDER BY e.seq LIMIT 1)) f
      CROSS JOIN LATERAL (
        (SELECT r.seq, r.hash FROM audit_records r WHERE r.instance_id = h.instance_id AND r.month = p_month
          ORDER BY r.seq DESC LIMIT 1)
        UNION ALL (SELECT e.seq, e.hash FROM audit_events e WHERE p_month = 0 AND e.instance_id = h.instance_id
          ORDER BY e.seq DESC LIMIT 1)) l
      LEFT JOIN audit_archives a ON a.instance_id = h.instance_id AND a.month = p_month
      WHERE p_after IS NULL OR h.instance_id > p_after
      ORDER BY h.instance_id LIMIT p_limit $body$`,
  `REVOKE ALL ON FUNCTION ${MONTH} FROM PUBLIC`,
  `ALTER FUNCTION ${MONTH} OWNER TO ${DIRECTORY_ROLE}`,
  `REVOKE CREATE ON SCHEMA public FROM ${DIRECTORY_ROLE}`,
];

const DOWN = [
  `DROP FUNCTION ${MONTH}`,
  ...['audit_records', 'audit_events'].flatMap((table) => [
    `DROP POLICY directory ON ${table}`,
    `REVOKE ALL ON ${table} FROM ${DIRECTORY_ROLE}`,
  ]),
  'DROP TABLE audit_archives',
];

const OLD_RECORD =
  'OR EXISTS (SELECT FROM audit_events e WHERE e.instance_id = p_instance AND e.seq = p_seq AND e.hash = p_hash);';

/** What was archived and dropped is held outside: a mark in it is no sign of a restore. */
const HOLDS = {
  name: 'audit_holds',
  edits: [
    [
      OLD_RECORD,
      `${OLD_RECORD.slice(0, -1)}
        OR EXISTS (SELECT FROM audit_archives a WHERE a.instance_id = p_instance AND p_seq BETWEEN a.first_seq AND a.last_seq
          AND (p_seq < a.last_seq OR a.hash = p_hash))
        AND NOT EXISTS (SELECT FROM audit_records e WHERE e.instance_id = p_instance AND e.seq <= p_seq)
        AND NOT EXISTS (SELECT FROM audit_events e WHERE e.instance_id = p_instance AND e.seq <= p_seq);`,
    ],
  ],
} as const;

/** Which months of the audit trails lie outside, so that they can be dropped. Changes no rows; the release before goes on. */
export class AuditArchives1767800000001 implements MigrationInterface {
  readonly name = 'AuditArchives1767800000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
    await replaceFunction(queryRunner, HOLDS);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceFunction(queryRunner, HOLDS, 'back');
    for (const statement of DOWN) await queryRunner.query(statement);
  }
}
