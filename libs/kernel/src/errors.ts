/**
 * An error a caller can do something about. `code` is stable and documented (docs/errors.md); `message` is written
 * for the administrator who reads it and never holds a secret. Anything that is not a DomainError is a bug or an
 * outage: edges answer it with fixed text and a correlation id.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Ends a switch over a closed union: adding a member without a case becomes a type error. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${String(value)}`);
}
