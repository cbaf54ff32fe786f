import { DomainError } from '@lib/kernel';
import { type AccessRefusal } from '@lib/kmip-engine';

/** The database could not be used in time. Nothing was changed. */
export class DatabaseUnavailable extends DomainError {
  readonly code = 'database_unavailable';
}

/** The turn of a tenant at the database did not come in time. Nothing was changed. */
export class DatabaseShareUsed extends DomainError {
  readonly code = 'database_share_used';
}

/**
 * The connection broke while a COMMIT was under way, and it could not be found out within the time limit whether it
 * took effect. The caller must look before it repeats anything.
 */
export class CommitOutcomeUnknown extends DomainError {
  readonly code = 'commit_outcome_unknown';
}

/** Certificates in whose name something was to be committed are not served any more; nothing was committed. */
export class ClientsRefused extends Error {
  constructor(
    /** By id of the certificate. */
    readonly refusals: ReadonlyMap<string, AccessRefusal>,
    options: ErrorOptions,
  ) {
    super('a client certificate is not served any more', options);
    this.name = 'ClientsRefused';
  }

  /** @returns undefined for any other error */
  static from(error: unknown): ClientsRefused | undefined {
    if (sqlState(error) !== 'KM001') return undefined;
    const detail = String((error as { detail?: unknown }).detail);
    return new ClientsRefused(new Map(Object.entries(JSON.parse(detail) as Record<string, AccessRefusal>)), {
      cause: error,
    });
  }
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
