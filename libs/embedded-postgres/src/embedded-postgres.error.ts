import { DomainError } from '@lib/kernel';

/** The embedded database could not be used; the message says what the person who started us can do about it. */
export class EmbeddedPostgresError extends DomainError {
  readonly code = 'embedded_postgres_unusable';
}
