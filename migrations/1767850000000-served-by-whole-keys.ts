import { type MigrationInterface, type QueryRunner } from 'typeorm';

import { type Change, replaceFunction } from './replaced-function';

const SEEN = `concat_ws(chr(31), m.state, coalesce((extract(epoch FROM m.activation_date) * 1000)::bigint::text, ''),
                coalesce((extract(epoch FROM m.deactivation_date) * 1000)::bigint::text, ''), m.stored_key_id,
                m.root_key_id, m.root_key_version, m.stored_key_authenticated, encode(m.digest, 'hex'))`;

/**
 * Planned while an instance was small, `= ANY` and joins went on reading every key of it: any index that leads with the
 * instance looked as good. One key at a time, by equality with all of its columns, none is better than the whole key's.
 */
const BY_WHOLE_KEYS: Change = {
  name: 'record_served',
  edits: [
    [' SET search_path TO', ` SET enable_seqscan TO 'off'\n SET search_path TO`],
    ['v_fetched uuid[];', 'v_fetched uuid[]; v_fresh uuid[]; v_found uuid[]; v_found_as text[]; v_id uuid;'],
    [
      `PERFORM FROM managed_objects o WHERE o.instance_id = p_instance AND o.id = ANY (p_keys) AND o.fresh
      ORDER BY o.id FOR NO KEY UPDATE;`,
      `SELECT array_agg(o.id) INTO v_fresh FROM (SELECT DISTINCT unnest(p_keys) ORDER BY 1) k (id) CROSS JOIN LATERAL (
        SELECT m.id FROM managed_objects m WHERE m.instance_id = p_instance AND m.id = k.id AND m.fresh
          FOR NO KEY UPDATE) o;`,
    ],
    [
      'WITH refusals AS MATERIALIZED',
      `SELECT array_agg(o.id), array_agg(o.seen) INTO v_found, v_found_as
      FROM (SELECT DISTINCT unnest(p_keys)) k (id) CROSS JOIN LATERAL (SELECT m.id, ${SEEN} AS seen
        FROM managed_objects m WHERE m.instance_id = p_instance AND m.id = k.id AND NOT m.suspended
          AND m.destroy_requested_at IS NULL OFFSET 0) o;
    WITH refusals AS MATERIALIZED`,
    ],
    [
      `LEFT JOIN LATERAL (
            SELECT ${SEEN} AS seen
              FROM managed_objects m WHERE m.instance_id = p_instance AND m.id = g.key AND NOT m.suspended
                AND m.destroy_requested_at IS NULL) o ON g.key IS NOT NULL)`,
      'LEFT JOIN unnest(v_found, v_found_as) o (id, seen) ON o.id = g.key)',
    ],
    [
      `IF v_fetched IS NOT NULL THEN
        UPDATE managed_objects o SET fresh = false
          WHERE o.instance_id = p_instance AND o.id = ANY (v_fetched) AND o.fresh;
        UPDATE key_fetches f SET fetched_at = p_fetched_at
          WHERE f.instance_id = p_instance AND f.object_id = ANY (v_fetched) AND f.fetched_at < p_fetched_at;
      END IF;`,
      `FOR v_id IN SELECT DISTINCT unnest(v_fetched) LOOP
        IF v_id = ANY (v_fresh) THEN
          UPDATE managed_objects o SET fresh = false WHERE o.instance_id = p_instance AND o.id = v_id;
        END IF;
        UPDATE key_fetches f SET fetched_at = p_fetched_at
          WHERE f.instance_id = p_instance AND f.object_id = v_id AND f.fetched_at < p_fetched_at;
      END LOOP;`,
    ],
  ],
};

/** A fetch costs the same however many keys its instance has. Changes no rows; its callers see no difference. */
export class ServedByWholeKeys1767850000000 implements MigrationInterface {
  readonly name = 'ServedByWholeKeys1767850000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await replaceFunction(queryRunner, BY_WHOLE_KEYS);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await replaceFunction(queryRunner, BY_WHOLE_KEYS, 'back');
  }
}
