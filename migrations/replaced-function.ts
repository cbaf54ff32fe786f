import { type QueryRunner } from 'typeorm';

import { API_ROLE, APPLICATION_ROLE, AUDIT_ROLE, GATEWAY_ROLE } from './roles';

/** What becomes of a function: pieces of its source, as they are and as they will be. */
export interface Change {
  readonly name: string;
  readonly edits: readonly (readonly [string, string])[];
}

interface Found {
  readonly signature: string;
  readonly source: string;
  readonly owner: string;
}

/**
 * Makes a function that both processes call anew, with its owner: parameters cannot be added to one that is there.
 * @param direction `back` to what it was
 */
export async function replaceFunction(
  queryRunner: QueryRunner,
  { name, edits }: Change,
  direction: 'on' | 'back' = 'on',
): Promise<void> {
  const found = async (): Promise<Found> => {
    const rows = (await queryRunner.query(
      `SELECT oid::regprocedure::text AS signature, pg_get_functiondef(oid) AS source,
          quote_ident(pg_get_userbyid(proowner)) AS owner
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = $1`,
      [name],
    )) as Found[];
    if (rows[0] === undefined || rows.length > 1) throw new Error(`${name} is not there once`);
    return rows[0];
  };
  const { signature, source, owner } = await found();
  let changed = source;
  const steps = direction === 'on' ? edits : edits.map(([before, after]) => [after, before] as const).toReversed();
  for (const [before, after] of steps) {
    if (!changed.includes(before)) throw new Error(`${name} is not as it was made: ${before}`);
    changed = changed.replace(before, () => after);
  }
  await queryRunner.query(`DROP FUNCTION ${signature}`);
  await queryRunner.query(changed);
  const made = (await found()).signature;
  await queryRunner.query(`REVOKE ALL ON FUNCTION ${made} FROM PUBLIC`);
  // At once, not when all migrations are through: the release before calls it meanwhile.
  await queryRunner.query(`GRANT EXECUTE ON FUNCTION ${made} TO ${APPLICATION_ROLE}, ${GATEWAY_ROLE}, ${API_ROLE}`);
  if (owner !== AUDIT_ROLE) return;
  // A function's owner must be able to create in its schema at the moment it becomes the owner, not later.
  await queryRunner.query(`GRANT CREATE ON SCHEMA public TO ${AUDIT_ROLE}`);
  await queryRunner.query(`ALTER FUNCTION ${made} OWNER TO ${AUDIT_ROLE}`);
  await queryRunner.query(`REVOKE CREATE ON SCHEMA public FROM ${AUDIT_ROLE}`);
}
