import { DomainError } from '@lib/kernel';

/** The database could not be used in time. Nothing was changed. */
export class DatabaseUnavailable extends DomainError {
  readonly code = 'database_unavailable';
}

/**
 * The connection broke while a COMMIT was under way, and it could not be found out within the time limit whether it
 * took effect. The caller must look before it repeats anything.
 */
export class CommitOutcomeUnknown extends DomainError {
  readonly code = 'commit_outcome_unknown';
}

/** SQLSTATE of an error of `pg`, through TypeORM's wrapping; undefined for a broken connection. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function violatedConstraint(error: unknown): string | undefined {
  if (sqlState(error) !== '23505') return undefined;
  // TypeORM copies the driver's fields to its own error and keeps the original too.
  const direct = (error as { constraint?: unknown }).constraint;
  return typeof direct === 'string' ? direct : undefined;
}
