import { DomainError } from '@lib/kernel';
import { type DataSource, type QueryRunner } from 'typeorm';

/** A pooler stands in between that gives a session of the server to several of our connections in turn. */
export class SharedSessions extends DomainError {
  readonly code = 'database_sessions_shared';
}

/** Somebody else may have taken the server process in between. */
const TRIES = 5;

/**
 * Role, time limits, prepared statements and LISTEN belong to a session of the server. With a pooler that shares sessions
 * by transaction, one connection would do what another has set up.
 * @throws SharedSessions when two connections have met in one server process
 */
export async function requireOwnSessions(dataSource: DataSource): Promise<void> {
  const [one, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  try {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const held = await processOf(one);
      await other.startTransaction();
      const met = (await processOf(other)) === held;
      await other.rollbackTransaction();
      if (met) {
        throw new SharedSessions(
          'DATABASE_URL leads to a pooler that shares sessions by transaction; let it keep them for each connection ' +
            '(PgBouncer: pool_mode = session)',
        );
      }
    }
  } finally {
    await Promise.all([one.release(), other.release()]);
  }
}

async function processOf(runner: QueryRunner): Promise<number | undefined> {
  const rows = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
  return rows[0]?.pid;
}
